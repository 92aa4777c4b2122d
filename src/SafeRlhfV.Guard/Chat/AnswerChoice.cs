using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>One choice of a drafted answer: its texts by channel for judging, and its contents in their order, with what has not left yet.</summary>
internal sealed class AnswerChoice(int index, StreamRelease release)
{
    private const char Lone = '\ufffd'; // stands for half a character
    private readonly Queue<Piece> waiting = new();
    private readonly List<StreamChannel> channels = [];
    private readonly Dictionary<StreamChannel, (char First, AIContent Content, ChatResponseUpdate From)> halves = [];
    private readonly List<AIContent> others = []; // what does not stream, and what stands on streamed texts, such as citations
    private StreamChannel? reading;
    private ChatRole? role;
    private int othersJudged, callsOpen;

    public int Index => index;

    public ChatFinishReason? Finish { get; set; }

    /// <summary>Whether a step is full, so that what has come should be judged now.</summary>
    public bool ShouldJudge => (othersJudged < others.Count && release.Step != StreamStep.Whole) || channels.Any(channel => channel.ShouldJudge);

    /// <summary>Why it can no longer be judged piece by piece; null where it can.</summary>
    public string? Unreadable => channels.Select(channel => channel.Unreadable).FirstOrDefault(why => why is not null);

    /// <summary>Adds the contents of an update.</summary>
    /// <param name="update">Where they stand.</param>
    /// <param name="isWhole">Whether each is a part of a whole answer; else texts follow each other without a break.</param>
    public void Add(ChatResponseUpdate update, bool isWhole)
    {
        if (update.Role is { } role && role != this.role)
        {
            if (this.role is not null) EndMessage();
            this.role = role;
        }
        foreach (AIContent content in update.Contents) Add(content, update, isWhole);
    }

    /// <summary>The message ends: another one may follow.</summary>
    public void EndMessage()
    {
        EndHalves();
        reading?.EndRun(isEnd: true);
        reading = null;
        callsOpen = others.Count;
        foreach (StreamChannel channel in channels)
            if (channel.IsRead) channel.Break();
    }

    /// <summary>What a step judges: each text that has news by itself, and all that stands beside them together.</summary>
    public void TakeStep(List<ChatContents> into)
    {
        ChatContents beside = new();
        HashSet<string> read = [];
        foreach (StreamChannel channel in channels)
        {
            if (!channel.HasNews) continue;
            foreach (string text in channel.TakeWindow())
            {
                if (!channel.IsRead)
                {
                    if (!read.Contains(text)) beside.AddText(text);
                    continue;
                }
                read.Add(text);
                into.Add(ChatContents.Of(Opened(text)));
            }
        }
        for (; othersJudged < others.Count; othersJudged++) beside.AddBeside(others[othersJudged]);
        if (!beside.IsEmpty) into.Add(beside);
    }

    /// <summary>
    /// Everything that has come, of whatever kind; first with the parts of texts one after the other, then joined where there are several parts.
    /// </summary>
    public void TakeWhole(List<ChatContents> into)
    {
        EndHalves();
        othersJudged = others.Count;
        ChatContents whole = Described();
        into.Add(whole);
        if (channels.Any(channel => channel.HasBreaks))
            into.Add(ChatContents.Of(string.Join('\n', channels.Where(channel => channel.HasBreaks).Select(channel => Opened(channel.Texts().Last())))));
    }

    /// <summary>Everything that has come, with the parts of texts one after the other.</summary>
    public ChatContents Described()
    {
        ChatContents all = new();
        HashSet<string> read = [];
        foreach (StreamChannel channel in channels.OrderBy(channel => channel.IsRead ? 0 : 1))
        {
            string text = channel.Lines();
            if (read.Add(text)) all.AddText(channel.IsRead ? Opened(text) : text);
        }
        foreach (AIContent content in others) all.AddBeside(content);
        return all;
    }

    /// <summary>What may leave, in the order in which it came: all of it, or what the last step has passed.</summary>
    public IEnumerable<ChatResponseUpdate> Release(bool all)
    {
        if (all) EndMessage();
        Dictionary<StreamChannel, int> passed = channels.ToDictionary(channel => channel, channel => all ? channel.Length : channel.Passed());
        while (waiting.TryPeek(out Piece? piece))
        {
            if (piece.Other >= othersJudged || (piece.Content is FunctionCallContent && piece.Other >= callsOpen)) break;
            if (piece.Ends.Any(end => passed[end.Channel] < end.Position)) break;
            if (piece.Streamed is not { } channel)
            {
                waiting.Dequeue();
                yield return piece.From.Like(index, Bare(piece.Content));
                continue;
            }
            int limit = passed[channel];
            if (limit < channel.Length && channel.IsWithinCharacter(limit)) limit--; // never half a character
            int from = Math.Max(0, channel.Left - piece.Start), to = Math.Min(piece.Length, limit - piece.Start);
            if (to > from) yield return piece.From.Like(index, from == 0 && to == piece.Length ? Bare(piece.Content) : Slice(piece.Content, from, to));
            channel.Left = Math.Max(channel.Left, piece.Start + to);
            if (to < piece.Length) break;
            waiting.Dequeue();
        }
    }

    private void Add(AIContent content, ChatResponseUpdate update, bool isWhole)
    {
        switch (content)
        {
            case UsageContent: waiting.Enqueue(new(content, update)); break;
            case JudgedContent own: AddOwn(own, update); break;
            case TextContent text: AddStreamed("text", text.Text, content, update, isWhole); break;
            case TextReasoningContent reasoning: AddStreamed("reasoning", reasoning.Text, content, update, isWhole); break;
            case ErrorContent { Details: null } error: AddStreamed("error", error.Message, content, update, isWhole); break;
            default: AddOther(content, update); break;
        }
    }

    private void AddStreamed(string name, string text, AIContent content, ChatResponseUpdate update, bool isWhole)
    {
        bool isBare = ChatContents.HasNothingBeside(content);
        if (text.Length == 0)
        {
            if (!isBare) AddOther(content, update);
            return;
        }
        StreamChannel channel = Channel(name, true);
        if (!isWhole && isBare)
        {
            string whole = Joined(channel, text, content, update);
            if (whole.Length == 0) return;
            if (whole != text) (content, text) = (ContentTexts.With(content, whole), whole);
        }
        if (reading != channel) reading?.EndRun(isEnd: false);
        foreach (StreamChannel other in channels)
            if (other != channel) other.Wait(text.Length);
        reading = channel;
        if (isWhole) channel.Break();
        Piece piece = new(content, update) { Streamed = channel, Start = channel.Length, Length = text.Length };
        channel.Append(text);
        if (!isBare) // its citations may point at any of its letters, so that it leaves in one piece
        {
            piece = piece with { Other = others.Count, Ends = [(channel, channel.Length)] };
            others.Add(content);
        }
        waiting.Enqueue(piece);
    }

    // Where a model cuts between the halves of a character, the first waits for the other.
    private string Joined(StreamChannel channel, string text, AIContent content, ChatResponseUpdate update)
    {
        if (halves.Remove(channel, out (char First, AIContent, ChatResponseUpdate) half)) text = (char.IsLowSurrogate(text[0]) ? half.First : Lone) + text;
        if (!char.IsHighSurrogate(text[^1])) return text;
        halves[channel] = (text[^1], content, update);
        return text[..^1];
    }

    private void EndHalves()
    {
        foreach ((StreamChannel channel, (_, AIContent content, ChatResponseUpdate from)) in halves.ToArray())
        {
            halves.Remove(channel);
            AddStreamed(channel.Name, $"{Lone}", ContentTexts.With(content, $"{Lone}"), from, isWhole: false);
        }
    }

    private void AddOwn(JudgedContent content, ChatResponseUpdate update)
    {
        List<(StreamChannel, int)> ends = [];
        foreach ((string name, string text) in content.Texts)
        {
            if (text.Length == 0) continue;
            StreamChannel channel = Channel(name, false);
            channel.Append(text);
            ends.Add((channel, channel.Length));
        }
        Piece piece = new(content, update) { Ends = ends };
        if (content.Images.Count > 0 || content.Unreadable is not null)
        {
            piece = piece with { Other = others.Count };
            others.Add(content);
        }
        waiting.Enqueue(piece);
    }

    private void AddOther(AIContent content, ChatResponseUpdate update)
    {
        reading?.EndRun(isEnd: true);
        reading = null;
        waiting.Enqueue(new(content, update) { Other = others.Count });
        others.Add(content);
    }

    private StreamChannel Channel(string name, bool isRead)
    {
        StreamChannel? channel = channels.Find(one => one.IsRead == isRead && one.Name == name);
        if (channel is null) channels.Add(channel = new(name, isRead, release));
        return channel;
    }

    // Escapes matter where a program reads the text as JSON.
    private static string Opened(string text) => text.Contains("\\u", StringComparison.Ordinal) ? EscapedText.WithOpened(text) : text;

    private static AIContent Slice(AIContent content, int from, int to) => ContentTexts.With(content, ContentTexts.TextOf(content)[from..to]);

    // Without the raw object beneath, which may hold what was withheld.
    private static AIContent Bare(AIContent content)
    {
        content.RawRepresentation = null;
        return content;
    }

    /// <summary>A content that waits to leave.</summary>
    /// <param name="Content">The content.</param>
    /// <param name="From">The update that it came in.</param>
    private sealed record Piece(AIContent Content, ChatResponseUpdate From)
    {
        /// <summary>The channel that its text streams in, so that it may leave in parts; null for what leaves in one piece.</summary>
        public StreamChannel? Streamed { get; init; }

        public int Start { get; init; }

        public int Length { get; init; }

        /// <summary>What must have passed before any of it may leave.</summary>
        public IReadOnlyList<(StreamChannel Channel, int Position)> Ends { get; init; } = [];

        /// <summary>Its place among what is judged beside the texts; -1 where nothing is.</summary>
        public int Other { get; init; } = -1;
    }
}
