namespace SafeRlhfV.Guard;

/// <summary>
/// The ways to read a text in which a word may be hidden: as it stands; without what cannot be seen; in plain letters; with letters that stand apart joined;
/// with words that punctuation joins parted, and their parts joined; and with what is encoded opened. Disguises in one another are undone too.
/// </summary>
public static class TextReadings
{
    // Letters as they stand; without what cannot be seen, with blanks of other kinds dropped or kept; and plain, with tag characters dropped or spelled out.
    private static readonly Func<string, string>[] Ways =
    [
        text => text,
        text => FoldedText.Visible(text),
        text => FoldedText.Visible(text, " "),
        FoldedText.Of,
        text => FoldedText.Of(FoldedText.Visible(text, " ")),
        text => FoldedText.Of(FoldedText.Spelled(text)),
    ];

    /// <summary>The readings, the text itself first. A plain text has one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static IReadOnlyList<string> Of(string text, CancellationToken cancellationToken = default) => [.. Each(text, cancellationToken)];

    /// <summary>The readings, each made when it is asked for: a long text is not held in all of them.</summary>
    /// <exception cref="UnreadableTextException">The text is disguised too often, or hides too much.</exception>
    internal static IEnumerable<string> Each(string text, CancellationToken cancellationToken)
    {
        yield return text;
        cancellationToken.ThrowIfCancellationRequested();
        string letters = SpacedLetters.Join(text);
        EditedText[]? first = Open(letters);
        if (ReferenceEquals(letters, text) && first.All(opened => opened.IsSame) && FoldedText.IsPlain(text) && !JoinedWords.IsIn(text))
            yield break; // the text is its only reading, as most texts are
        ReadingBudget budget = new(text, cancellationToken);
        HashSet<(int, int)> given = [Key(text)];
        Dictionary<(int, int), List<string>> undone = []; // most ways change nothing in most texts
        bool isPlain = FoldedText.IsPlain(text);
        foreach (Func<string, string> way in Ways)
        {
            Queue<(string Text, int Depth)> open = new([(text, 0)]);
            HashSet<(int, int)> begun = [];
            while (open.TryDequeue(out (string Text, int Depth) one))
            {
                string plain = budget.Spend(way(one.Text));
                (int, int) key = Key(plain);
                if (!begun.Add(key)) continue;
                ReadingBudget.Check(one.Depth);
                List<string> readings = [];
                if (!undone.TryGetValue(key, out List<string>? inner))
                {
                    string joined = SpacedLetters.Join(plain);
                    readings.Add(plain);
                    if (!ReferenceEquals(joined, plain)) readings.AddRange([joined, SpacedLetters.Join(plain, leavesWords: true)]);
                    undone[key] = inner = [];
                    if (!ReferenceEquals(SpacedLetters.Join(joined), joined)) inner.Add(joined);
                    EditedText[] both = first ?? Open(joined); // the first way leaves the text as it stands
                    first = null;
                    foreach (EditedText opened in both)
                    {
                        if (opened.IsSame) continue;
                        if (given.Add(Key(opened.Text))) yield return budget.Spend(opened.Text);
                        inner.Add(opened.Changes()); // whose words are joined and parted when its turn comes
                    }
                }
                foreach (string next in inner)
                {
                    isPlain = isPlain && FoldedText.IsPlain(next);
                    open.Enqueue((next, one.Depth + 1));
                }
                foreach (string reading in readings)
                {
                    if (given.Add(ReferenceEquals(reading, plain) ? key : Key(reading))) yield return reading;
                    string parted = JoinedWords.Part(reading);
                    if (ReferenceEquals(parted, reading)) continue;
                    if (given.Add(Key(parted))) yield return budget.Spend(parted);
                    if (JoinedWords.Close(reading) is var closed && given.Add(Key(closed))) yield return budget.Spend(closed);
                }
            }
            if (isPlain) yield break; // the other ways would read the same
        }
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
            string next = budget.Spend(EncodedText.Open(BrokenCode.Open(SpacedLetters.Join(FoldedText.Spelled(opened))).Text).Text);
            if (next == opened) break;
            opened = next;
        }
        return opened == text ? null : opened;
    }

    private static EditedText[] Open(string joined) => [EncodedText.Open(joined), BrokenCode.Open(joined)];

    // Readings are told apart without being held: two of one length with the same hash are one.
    private static (int Length, int Hash) Key(string text) => (text.Length, text.GetHashCode());
}
