using System.Buffers;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>One text of an answer that is read by itself, such as the answer or the reasoning: what of it was judged, and what has left.</summary>
/// <param name="name">Its name within the answer.</param>
/// <param name="isRead">Whether a person reads it, sentence by sentence; else it stands beside the answer.</param>
/// <param name="release">How it is held back.</param>
internal sealed class StreamChannel(string name, bool isRead, StreamRelease release)
{
    private const int LongestBeside = 4096; // characters that stand beside the answer, before they are judged
    private const int LongestWord = 64;
    private const int LongestPause = 256; // characters of other texts within a sentence
    private const int TimesHidden = 4; // as many characters that part no word may stand among those that are judged again
    private readonly ArrayBufferWriter<char> text = new(256);
    private readonly List<int> breaks = [];
    private int judged, boundary, runEnd, judgedWhole, elsewhere;
    private bool hasEndedRun, isInterrupted;

    public string Name => name;

    public bool IsRead => isRead;

    public int Length => text.WrittenCount;

    /// <summary>How much has left.</summary>
    public int Left { get; set; }

    public bool HasNews => Ready() > judged;

    /// <summary>Why it can no longer be judged piece by piece; null where it can.</summary>
    public string? Unreadable { get; private set; }

    /// <summary>Whether it is made of parts, which some read one after the other and some joined.</summary>
    public bool HasBreaks => breaks.Count > 0;

    /// <summary>Whether a step is full.</summary>
    public bool ShouldJudge => release.Step switch
    {
        StreamStep.Whole => false,
        _ when !isRead => Length - judged >= LongestBeside,
        StreamStep.Window => runEnd > judged || Ready() - judged >= release.WindowCharacters,
        _ => runEnd > judged || boundary > judged || Ready() - Math.Max(Left, judged) >= release.WindowCharacters,
    };

    /// <summary>Adds what follows.</summary>
    public void Append(string piece)
    {
        isInterrupted = false;
        int before = Length;
        text.Write(piece);
        if (isRead && release.Step == StreamStep.Sentence) boundary = Math.Max(boundary, LastSentenceEnd(Length, Math.Max(Left + 1, before)));
    }

    /// <summary>What follows is another part.</summary>
    public void Break()
    {
        if (Length > 0 && (breaks.Count == 0 || breaks[^1] != Length)) breaks.Add(Length);
    }

    /// <summary>
    /// Something else follows, so that this need not wait for more. Where two texts alternate, only the first such end counts, or one behind a sentence:
    /// else a model could break a text wherever it likes, and each part would leave alone. An end within a sentence counts when the text does not go on soon.
    /// </summary>
    /// <param name="isEnd">Whether what follows is no other text, so that this one has ended even within a sentence.</param>
    public void EndRun(bool isEnd)
    {
        bool isSentence = EndsSentence();
        if (hasEndedRun && !isSentence) return;
        (isInterrupted, elsewhere) = (!isEnd && !isSentence, 0);
        if (!isInterrupted) (runEnd, hasEndedRun) = (Length, true);
    }

    /// <summary>Another text goes on.</summary>
    public void Wait(int characters)
    {
        if (isInterrupted && (elsewhere += characters) >= LongestPause) EndRun(isEnd: true);
    }

    /// <summary>
    /// What a step judges, which counts as judged from now on: what is new with what stood before it, up to <see cref="StreamRelease.ContextCharacters"/>;
    /// and all of it whenever it has doubled, so that the whole stream costs no more than a few times its length.
    /// </summary>
    public IEnumerable<string> TakeWindow()
    {
        int from = Length >= 2 * judgedWhole ? 0 : Context();
        if (from == 0) judgedWhole = Length;
        from = WordStart(from);
        judged = Ready();
        return Texts(from, judged);
    }

    /// <summary>The whole text: the parts one after the other, and joined where there are several.</summary>
    public IEnumerable<string> Texts() => Texts(0, Length);

    /// <summary>The text with its parts on lines of their own.</summary>
    public string Lines() => Lines(0, Length);

    /// <summary>How far it may leave after the last step has passed.</summary>
    public int Passed()
    {
        if (!isRead) return judged;
        int end = judged - release.HoldBackCharacters;
        if (release.Step == StreamStep.Sentence)
        {
            // A sentence that never ends leaves in parts, else its reader would wait for all of it.
            int sentence = LastSentenceEnd(end, Left + 1);
            end = sentence > Left ? sentence : end - Left >= release.WindowCharacters ? end : Left;
        }
        return Math.Max(end, Math.Min(runEnd, judged));
    }

    /// <summary>Whether a position lies between the halves of a character.</summary>
    public bool IsWithinCharacter(int at) => SurrogatePairs.AreParted(text.WrittenSpan, at);

    // The end of what can be judged: a word that may go on ("project", then "ion") waits for its end, or for something else that follows it.
    private int Ready()
    {
        if (!isRead) return Length;
        int end = Length, shortest = Math.Max(0, Length - LongestWord);
        while (end > shortest && !char.IsWhiteSpace(text.WrittenSpan[end - 1])) end--;
        if (end == shortest && shortest > 0) // no blank, as in addresses and tables: words end at any other sign
        {
            end = Length;
            while (end > shortest && char.IsLetterOrDigit(text.WrittenSpan[end - 1])) end--;
            if (end == shortest) end = Length;
        }
        return Math.Max(end, Math.Max(runEnd, boundary));
    }

    // How far what stood before is judged again: characters that cannot be seen, and blanks beside blanks, part no word and do not count.
    private int Context()
    {
        int most = Math.Max(LongestWord, Math.Max(release.ContextCharacters, release.HoldBackCharacters)), from = judged;
        long left = most, hidden = 0, mostHidden = Math.Max(LongestBeside, (long)most * TimesHidden);
        for (bool isBlank = false; from > 0 && left > 0 && hidden <= mostHidden;)
        {
            Rune.DecodeLastFromUtf16(text.WrittenSpan[..from], out Rune rune, out int length);
            from -= length;
            bool wasBlank = isBlank, isUnseen = FoldedText.IsUnseen(rune);
            if (!isUnseen) isBlank = Rune.IsWhiteSpace(rune);
            if (isUnseen || (isBlank && wasBlank)) hidden += length;
            else left -= length;
        }
        if (hidden > mostHidden) Unreadable = $"more than {mostHidden} blanks and characters that cannot be seen stand among {most} of the answer";
        return from;
    }

    // Where the word at a position begins: behind a blank, else behind another sign, else as far back as a word is long.
    private int WordStart(int at)
    {
        int longest = Math.Max(0, at - LongestWord), from = at;
        while (from > longest && !char.IsWhiteSpace(text.WrittenSpan[from - 1])) from--;
        if (from > longest || longest == 0) return from;
        while (from < at && char.IsLetterOrDigit(text.WrittenSpan[from - 1])) from++;
        if (from == at) from = longest;
        return IsWithinCharacter(from) ? from - 1 : from;
    }

    private IEnumerable<string> Texts(int from, int to)
    {
        string joined = text.WrittenSpan[from..to].ToString();
        if (breaks.Any(end => end > from && end <= to)) yield return Lines(from, to);
        yield return joined;
    }

    private string Lines(int from, int to)
    {
        StringBuilder lines = new();
        foreach (int end in breaks)
        {
            if (end <= from || end > to) continue;
            lines.Append(text.WrittenSpan[from..end]);
            if (lines[^1] != '\n') lines.Append('\n');
            from = end;
        }
        return lines.Append(text.WrittenSpan[from..to]).ToString();
    }

    private bool EndsSentence()
    {
        ReadOnlySpan<char> end = text.WrittenSpan.TrimEnd();
        return end.Length < Length ? end.Length == 0 || IsEnd(end[^1]) || text.WrittenSpan[end.Length..].Contains('\n') : end.Length == 0 || IsEnd(end[^1]);

        static bool IsEnd(char letter) => letter is '.' or '!' or '?' or '…' or '。' or '！' or '？';
    }

    // The end of the last sentence that lies before a blank: "3.5" or "e.g" followed by more letters is none. Looks back as far as `from`; 0 where there is
    // none.
    private int LastSentenceEnd(int before, int from)
    {
        ReadOnlySpan<char> text = this.text.WrittenSpan;
        for (int i = Math.Min(before, text.Length) - 1; i >= Math.Max(1, from); i--)
        {
            if (text[i] is '\n' or '。' or '！' or '？') return i + 1;
            if (char.IsWhiteSpace(text[i]) && text[i - 1] is '.' or '!' or '?' or '…') return i + 1;
        }
        return 0;
    }
}
