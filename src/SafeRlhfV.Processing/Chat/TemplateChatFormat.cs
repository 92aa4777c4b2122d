using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>
/// A folder's own chat template, where it is none of the built-in formats. What the template itself writes may hold special tokens; what comes from the
/// conversation may not. Where the two cannot be told apart, the conversation is refused.
/// </summary>
public sealed partial class TemplateChatFormat : ChatFormat
{
    private static readonly (string Open, string Close)[] ReasoningTags = [("<think>", "</think>"), ("[THINK]", "[/THINK]")];

    private readonly ChatTemplate source;
    private readonly ChatTemplateText template;
    private readonly bool takesParts;

    internal TemplateChatFormat(ChatTemplate source, IReadOnlyDictionary<string, string> specialTokens, string imageToken)
    {
        this.source = source;
        ImageToken = imageToken;
        BeginToken = specialTokens.GetValueOrDefault("bos_token");
        template = source.Parse(specialTokens);
        takesParts = Probe(turnsAsParts: true) is null;
        if (!takesParts && Probe(turnsAsParts: false) is { } fault) throw fault;
        string prompt = Text([ChatTurn.User("q")], addGenerationPrompt: true).TrimEnd();
        EndOfAnswer = EndToken();
        foreach ((string open, string close) in ReasoningTags)
            if (source.Text.Contains(close, StringComparison.Ordinal)) Reasoning ??= new ChatReasoning(open, close,
                prompt.EndsWith(open, StringComparison.Ordinal));
    }

    /// <inheritdoc/>
    public override string ImageToken { get; }

    /// <inheritdoc/>
    public override string BeforeAnswer => "";

    /// <summary>What the template writes behind an answer, if it has the look of a token; null = the checkpoint's first end token.</summary>
    public override string? EndOfAnswer { get; }

    /// <inheritdoc/>
    public override string? BeginToken { get; }

    /// <inheritdoc/>
    public override ChatReasoning? Reasoning { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false) =>
        Segments(turns, Stretches(turns, addGenerationPrompt, addVisionId).Stretches);

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">With the answer the template writes the conversation before it otherwise than without.</exception>
    internal override IReadOnlyList<ChatSegment> RenderAnswer(IReadOnlyList<ChatTurn> turns, string response, bool addVisionId)
    {
        string prompt = Text(turns, addGenerationPrompt: true, addVisionId);
        ChatTurn[] all = [.. turns, ChatTurn.Assistant(response)];
        (IReadOnlyList<(string Text, bool IsOwn)> stretches, JinjaRendering rendering) = Stretches(all, addGenerationPrompt: false, addVisionId);
        if (!rendering.Text.StartsWith(prompt, StringComparison.Ordinal)) throw NotDerivable();
        List<(string Text, bool IsOwn)> rest = Skip(stretches, prompt.Length);
        // what the template writes behind the answer is the end of the turn, for which the caller puts the end token
        int last = rest.FindLastIndex(stretch => !stretch.IsOwn && !string.IsNullOrWhiteSpace(stretch.Text));
        rest.RemoveRange(last + 1, rest.Count - last - 1);
        if (last >= 0)
        {
            string text = rest[last].Text;
            int found = text.LastIndexOf(response, StringComparison.Ordinal);
            rest[last] = (found >= 0 ? text[..(found + response.Length)] : text.TrimEnd(), false);
        }
        return [.. rest.Select(stretch => new ChatSegment(stretch.IsOwn ? ChatSegmentKind.Format : ChatSegmentKind.Assistant, stretch.Text))];
    }

    /// <summary>The text of a conversation as the template writes it.</summary>
    internal string Text(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false) =>
        Rendering(turns, addGenerationPrompt, addVisionId, takesParts, null).Text;

    /// <summary>A conversation as a template's variables; contents as lists of parts, or as texts.</summary>
    internal static PyDict Variables(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId, bool asParts = true)
    {
        PyDict variables = new();
        variables["messages"] = new PyList([.. turns.Select(turn => Message(turn, asParts))]);
        variables["add_generation_prompt"] = addGenerationPrompt;
        if (addVisionId) variables["add_vision_id"] = true;
        return variables;
    }

    private (IReadOnlyList<(string Text, bool IsOwn)> Stretches, JinjaRendering Rendering) Stretches(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt,
        bool addVisionId)
    {
        JinjaRendering plain = Rendering(turns, addGenerationPrompt, addVisionId, takesParts, null);
        string[] texts = [.. turns.SelectMany(turn => turn.Parts.OfType<TextPart>()).Select(part => part.Text), source.Text,
            .. turns.Select(turn => turn.Reasoning ?? "")];
        if (JinjaMarks.Unused(texts)
            is not { } marks)
            throw new InvalidInputException("Chat: the conversation holds code points that Unicode keeps for no character (U+FDD0 to U+FDEF); take them "
                + "out.");
        JinjaRendering marked = Rendering(turns, addGenerationPrompt, addVisionId, takesParts, marks);
        if (marks.Without(marked.Text) != plain.Text || marks.Read(marked.Text) is not { } stretches)
            throw new InvalidInputException($"{source.File}: the chat template takes its own texts apart, so that special tokens in the conversation could "
                + "not be told from its own; name a format with --chat-format, or change the template.");
        return (stretches, plain);
    }

    private JinjaRendering Rendering(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId, bool asParts, JinjaMarks? marks)
    {
        if (!asParts && turns.Any(turn =>
            turn.Parts.Any(part => part is ImagePart))) throw new InvalidInputException($"{source.File}: the chat template takes no images.");
        PyDict variables = Variables(turns, addGenerationPrompt, addVisionId, asParts);
        try
        {
            return template.Render(variables, DateTime.Now, marks);
        }
        catch (JinjaException error)
        {
            throw source.Fault(error);
        }
    }

    private static object Message(ChatTurn turn, bool asParts)
    {
        PyDict message = new();
        message["role"] = RoleName(turn.Role);
        message["content"] = asParts ? new PyList([.. turn.Parts.Select(Part)]) : string.Concat(turn.Parts.OfType<TextPart>().Select(part => part.Text));
        if (turn.Reasoning is not null) message["reasoning_content"] = turn.Reasoning;
        return message;
    }

    private static object Part(ChatPart part)
    {
        PyDict item = new();
        item["type"] = part is TextPart ? "text" : "image";
        if (part is TextPart text) item["text"] = text.Text;
        return item;
    }

    private List<ChatSegment> Segments(IReadOnlyList<ChatTurn> turns, IReadOnlyList<(string Text, bool IsOwn)> stretches)
    {
        Queue<RgbImage?> images = new(turns.SelectMany(turn => turn.Parts.OfType<ImagePart>()).Select(part => part.Image));
        ConversationText texts = new(turns);
        List<ChatSegment> segments = [];
        foreach ((string text, bool isOwn) in stretches)
        {
            if (isOwn) AddOwn(segments, text, images);
            else segments.AddRange(texts.Find(text));
        }
        return segments;
    }

    private void AddOwn(List<ChatSegment> segments, string text, Queue<RgbImage?> images)
    {
        int from = 0;
        for (int found = text.IndexOf(ImageToken, StringComparison.Ordinal); found >= 0; found = text.IndexOf(ImageToken, from, StringComparison.Ordinal))
        {
            if (found > from) segments.Add(new ChatSegment(ChatSegmentKind.Format, text[from..found]));
            segments.Add(new ChatSegment(ChatSegmentKind.Image, ImageToken, images.TryDequeue(out RgbImage? image) ? image : null));
            from = found + ImageToken.Length;
        }
        if (from < text.Length) segments.Add(new ChatSegment(ChatSegmentKind.Format, text[from..]));
    }

    private static List<(string Text, bool IsOwn)> Skip(IReadOnlyList<(string Text, bool IsOwn)> stretches, int length)
    {
        List<(string, bool)> rest = [];
        foreach ((string text, bool isOwn) in stretches)
        {
            if (text.Length > length) rest.Add((text[Math.Max(length, 0)..], isOwn));
            length = Math.Max(length - text.Length, 0);
        }
        return rest;
    }

    private string? EndToken()
    {
        try
        {
            string text = Text([ChatTurn.User("seven pears"), ChatTurn.Assistant("two plums")], addGenerationPrompt: false);
            int at = text.LastIndexOf("two plums", StringComparison.Ordinal);
            return at >= 0 && TokenLike().Match(text, at + "two plums".Length) is { Success: true } token ? token.Value.Trim() : null;
        }
        catch (InvalidInputException)
        {
            return null; // a template may refuse what ends with an answer
        }
    }

    [GeneratedRegex(@"\G\s*(?:<[^<>\s]+>|\[[^\[\]\s]+\])")]
    private static partial Regex TokenLike();

    // a template that takes parts writes the texts of all turns
    private InvalidInputException? Probe(bool turnsAsParts)
    {
        ChatTurn[][] probes = [[ChatTurn.User("seven pears")], [ChatTurn.User("seven pears"), ChatTurn.Assistant("two plums"), ChatTurn.User("one fig")]];
        try
        {
            foreach (ChatTurn[] probe in probes)
            {
                string text = Rendering(probe, addGenerationPrompt: true, addVisionId: false, turnsAsParts, null).Text;
                foreach (string part in probe.SelectMany(turn => turn.Parts.OfType<TextPart>()).Select(part => part.Text))
                {
                    int found = text.IndexOf(part, StringComparison.Ordinal);
                    // printed as Python prints a list, a text stands between quotes
                    if (found < 0 || text.Contains("'text'",
                        StringComparison.Ordinal)) return new InvalidInputException($"{source.File}: the chat template leaves out a turn's text.");
                }
            }
            return null;
        }
        catch (InvalidInputException fault)
        {
            return fault;
        }
    }

    private InvalidInputException NotDerivable() =>
        new($"{source.File}: the chat template writes what stands before an answer otherwise once the answer is there; which part is the answer cannot be "
            + "told, so it cannot be trained on. Change the template, or name a format with --chat-format.");
}
