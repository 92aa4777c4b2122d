namespace SafeRlhfV.Processing;

/// <summary>Tells which built-in format writes what a folder's template writes, by a fixed set of conversations.</summary>
internal static class ChatRecognition
{
    private const string SystemBegin = "<|im_start|>system\n", SystemEnd = "<|im_end|>";

    private static readonly ImagePart Image = new(null);

    private static readonly ChatTurn[][] Probes =
    [
        [ChatTurn.User("What is it?")],
        [new(ChatRole.User, [Image, new TextPart("What is it?")])],
        [new(ChatRole.User, [new TextPart("  Two\npictures: "), Image, Image, new TextPart("\n")])],
        [ChatTurn.User("What is it?"), ChatTurn.Assistant("A cup."), ChatTurn.User("Sure?")],
        [ChatTurn.User("What is it?"), ChatTurn.Assistant(" A cup. \n")],
        [ChatTurn.System("Be brief."), new(ChatRole.User, [Image, new TextPart("What is it?")]), ChatTurn.Assistant("A cup."), ChatTurn.User("Sure?"),
            ChatTurn.Assistant("Yes.")],
        [ChatTurn.System("Be brief."), ChatTurn.User("a"), ChatTurn.System("Be kind."), ChatTurn.User("b")],
        [ChatTurn.User("a"), new(ChatRole.Assistant, [Image, new TextPart("b")]), ChatTurn.User("c")],
        [ChatTurn.User("a"), ChatTurn.Assistant("<think>\nb\n</think>\n\nc"), ChatTurn.User("d"), ChatTurn.Assistant("e")],
        [ChatTurn.System(""), ChatTurn.User("")],
        [ChatTurn.User("a"), ChatTurn.User("b")],
        [ChatTurn.Assistant("a")],
    ];

    /// <summary>The built-in format that is equal to the template on every probe, else the template as a format.</summary>
    /// <exception cref="InvalidInputException">The template is none, or fails on the simplest conversations.</exception>
    public static ChatFormat Choose(ChatTemplate source, string imageToken)
    {
        ChatTemplateText template = source.Parse(source.SpecialTokens());
        string?[] written = [.. Cases().Select(probe => Text(source, template, probe))];
        return Candidates(written[0] ?? "").FirstOrDefault(format => format.ImageToken == imageToken
            && Cases().Select(probe => Text(format, probe)).SequenceEqual(written))
            ?? new TemplateChatFormat(source, source.SpecialTokens(), imageToken);
    }

    private static IEnumerable<(ChatTurn[] Turns, bool Generate, bool Vision)> Cases()
    {
        foreach (ChatTurn[] turns in Probes)
        {
            yield return (turns, true, false);
            yield return (turns, false, false);
            yield return (turns, true, true);
        }
    }

    private static IEnumerable<ChatFormat> Candidates(string first)
    {
        yield return new VicunaChatFormat();
        foreach (string end in MistralChatFormat.AnswerEnds) yield return new MistralChatFormat(end);
        yield return new OneVisionChatFormat();
        yield return new InternVlChatFormat();
        yield return new GemmaChatFormat();
        yield return new Qwen3ChatFormat();
        yield return new Qwen2ChatFormat(null);
        // the default system message is what a template writes where none is given
        int close = first.IndexOf(SystemEnd, StringComparison.Ordinal);
        if (first.StartsWith(SystemBegin, StringComparison.Ordinal) && close > 0) yield return new Qwen2ChatFormat(first[SystemBegin.Length..close]);
    }

    private static string? Text(ChatTemplate source, ChatTemplateText template, (ChatTurn[] Turns, bool Generate, bool Vision) probe)
    {
        try
        {
            return template.Render(TemplateChatFormat.Variables(probe.Turns, probe.Generate, probe.Vision), DateTime.Now).Text;
        }
        catch (JinjaException error) when (error.Kind is not (JinjaErrorKind.Limit or JinjaErrorKind.Security))
        {
            return null; // a refusal is an answer, too
        }
        catch (JinjaException error)
        {
            throw source.Fault(error);
        }
    }

    private static string? Text(ChatFormat format, (ChatTurn[] Turns, bool Generate, bool Vision) probe)
    {
        try
        {
            return string.Concat(format.Render(probe.Turns, probe.Generate, probe.Vision).Select(segment => segment.Text));
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }
}
