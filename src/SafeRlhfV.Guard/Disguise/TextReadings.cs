namespace SafeRlhfV.Guard;

/// <summary>
/// The ways to read a text in which a word may be hidden: as it stands; without what cannot be seen; in plain letters; with letters that stand apart joined;
/// with words that punctuation, line breaks or markup join parted, and their parts joined; with digits, signs and letters of other alphabets as the letters
/// that they look like; and with what is encoded opened. Disguises in one another are undone too. Each reading is judged beside the text, never in its place.
/// </summary>
public static class TextReadings
{
    private const int Around = 80; // characters beside a word that was spelt anew
    // Letters as they stand; without what cannot be seen, with blanks of other kinds dropped or kept; and plain, with tag characters dropped or spelled out.
    private static readonly (Func<string, string> Apply, bool IsLatin)[] Ways =
    [
        (text => text, false),
        (text => FoldedText.Visible(text), false),
        (text => FoldedText.Visible(text, " "), false),
        (FoldedText.Of, true),
        (text => FoldedText.Of(FoldedText.Visible(text, " ")), true),
        (text => FoldedText.Of(FoldedText.Spelled(text)), true),
    ];

    /// <summary>The readings, the text itself first. A plain text has one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="UnreadableTextException">The text is disguised too often, or hides too much.</exception>
    public static IReadOnlyList<string> Of(string text, CancellationToken cancellationToken = default) =>
        [.. Each(text, ReadingDepth.Standard, cancellationToken)];

    /// <summary>The readings, each made when it is asked for: a long text is not held in all of them.</summary>
    /// <exception cref="UnreadableTextException">The text is disguised too often, or hides too much.</exception>
    internal static IEnumerable<string> Each(string text, ReadingDepth depth, CancellationToken cancellationToken)
    {
        yield return text;
        cancellationToken.ThrowIfCancellationRequested();
        if (depth == ReadingDepth.Standard && FoldedText.IsPlain(text) && !DigitLetters.MayBeIn(text) && !JoinedWords.IsIn(text)
            && ReferenceEquals(SpacedLetters.Join(text), text) && EncodedText.Open(text).IsSame && BrokenCode.Open(text) is null && OtherCodes(text).IsSame
            && Markup.Open(text).IsSame) yield break; // the text is its only reading, as most texts are
        ReadingBudget budget = new(text, cancellationToken);
        HashSet<(int, int)> given = [Key(text)];
        Dictionary<(int, int), List<string>> undone = []; // most ways change nothing in most texts
        bool isPlain = FoldedText.IsPlain(text);
        foreach ((Func<string, string> way, bool isLatin) in Ways)
        {
            Queue<(string Text, int Depth, bool IsTurned)> open = new([(text, 0, false)]);
            HashSet<(int, int)> begun = [];
            while (open.TryDequeue(out (string Text, int Depth, bool IsTurned) one))
            {
                string plain = budget.Spend(way(one.Text));
                if (!begun.Add(Key(plain))) continue;
                ReadingBudget.Check(one.Depth);
                List<string> readings = [];
                if (!undone.TryGetValue(Key(plain), out List<string>? inner))
                {
                    string joined = SpacedLetters.Join(plain);
                    readings.Add(plain);
                    if (!ReferenceEquals(joined, plain)) readings.AddRange([joined, SpacedLetters.Join(plain, leavesWords: true)]);
                    undone[Key(plain)] = inner = [];
                    if (!ReferenceEquals(joined, plain) && !ReferenceEquals(SpacedLetters.Join(joined), joined)) inner.Add(joined);
                    (EditedText Narrow, EditedText Wide)? broken = BrokenCode.Open(joined);
                    foreach (EditedText? opened in (EditedText?[])[EncodedText.Open(joined), broken?.Narrow])
                    {
                        if (opened is null or { IsSame: true }) continue;
                        if (given.Add(Key(opened.Text))) yield return budget.Give(budget.Spend(opened.Text));
                        inner.Add(opened.Changes()); // whose words are joined and parted when its turn comes
                    }
                    foreach (EditedText? opened in (EditedText?[])[broken?.Wide, OtherCodes(joined), Markup.Open(plain)])
                        if (opened is { IsSame: false }) inner.Add(opened.Changes());
                    if (Composed(plain) is var composed && composed != plain) inner.Add(composed);
                    readings.AddRange(Spelt(plain, joined, isLatin).Select(budget.Spend));
                }
                foreach (string next in inner)
                {
                    isPlain = isPlain && FoldedText.IsPlain(next);
                    open.Enqueue((next, one.Depth + 1, one.IsTurned));
                }
                if (depth == ReadingDepth.Thorough && !one.IsTurned)
                    foreach (string turned in TurnedText.Of(plain)) open.Enqueue((budget.Spend(turned), one.Depth, true));
                foreach (string reading in readings)
                {
                    if (given.Add(Key(reading))) yield return budget.Give(reading);
                    string parted = JoinedWords.Part(reading);
                    if (ReferenceEquals(parted, reading)) continue;
                    if (given.Add(Key(parted))) yield return budget.Give(budget.Spend(parted));
                    if (JoinedWords.Close(reading) is var closed && given.Add(Key(closed))) yield return budget.Give(budget.Spend(closed));
                }
            }
            if (isPlain) yield break; // the other ways would read the same
        }
    }

    // With accents composed, and without what cannot be seen, which may stand between a letter and its accent.
    private static string Composed(string plain) => UnicodeForms.Composed(FoldedText.Visible(plain, keepsMarks: true));

    // Words in the letters that their digits, signs and letters of other alphabets look like, with what stands around them.
    private static IEnumerable<string> Spelt(string plain, string joined, bool isLatin)
    {
        EditedText other = MixedScripts.Open(plain, isLatin: false), latin = MixedScripts.Open(plain, isLatin: true);
        foreach (EditedText mixed in (EditedText[])(isLatin ? [] : [other, latin]))
            if (!mixed.IsSame) yield return mixed.Changes(Around, Around);
        if (!DigitLetters.MayBeIn(joined)) yield break;
        string closed = JoinedWords.Close(joined);
        string?[] texts = [joined, closed == joined ? null : closed, other.IsSame ? null : other.Text, latin.IsSame ? null : latin.Text];
        foreach (string text in texts.OfType<string>())
            foreach (bool isSecond in (bool[])[false, true])
                if (DigitLetters.Open(text, isSecond) is { IsSame: false } spelt) yield return spelt.Changes(Around, Around);
    }

    private static string Decoded(string text)
    {
        text = BrokenCode.Open(text)?.Narrow.Text ?? text;
        text = BrokenCode.Open(text)?.Wide.Text ?? text;
        return OtherCodes(EncodedText.Open(text).Text).Text;
    }

    private static EditedText OtherCodes(string text)
    {
        EditedText opened = new(text);
        BaseCode.Open(opened);
        LetterCodes.Open(opened);
        MorseCode.Open(opened);
        EncodedText.OpenQuoted(opened); // last: the end of a line of code looks like one of its own
        return opened;
    }

    /// <summary>
    /// The text with what is encoded, spelled in tag characters or other alphabets, or set letter by letter opened; null where nothing is. For moderators that
    /// read whole sentences.
    /// </summary>
    /// <exception cref="UnreadableTextException">The text is disguised too often, or hides too much.</exception>
    public static string? Opened(string text, CancellationToken cancellationToken = default)
    {
        ReadingBudget budget = new(text, cancellationToken);
        string opened = text;
        for (int depth = 0; ; depth++)
        {
            ReadingBudget.Check(depth);
            string next = budget.Spend(Decoded(SpacedLetters.Join(FoldedText.Spelled(opened))));
            if (next == opened) break;
            opened = next;
        }
        return opened == text ? null : opened;
    }

    // Readings are told apart without being held: two of one length with the same hash are one.
    private static (int Length, int Hash) Key(string text) => (text.Length, text.GetHashCode());
}
