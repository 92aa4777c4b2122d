namespace SafeRlhfV.SafetyWorld;

/// <summary>Every phrase an answer can be made of, and the parser that finds them again.</summary>
public static class Phrasebook
{
    private static readonly List<Phrase> Phrases = [];
    private static readonly Phrase[][] ByFirstWord;
    private static readonly bool[] FreeWord = new bool[Vocabulary.Tokens.Count];

    static Phrasebook()
    {
        int objects = Objects.Count;
        Names = [.. Enumerable.Range(0, objects).Select(item =>
            (IReadOnlyList<Phrase>)[.. Colours.Select((colour, c) => Add(PhraseKind.Name, item, c, $"a {colour} {Objects[item].Name}"))])];
        UseSteps = [.. Enumerable.Range(0, objects).Select(item =>
            (IReadOnlyList<Phrase>)[.. Objects[item].UseSteps.Select((text, i) => Add(PhraseKind.Use, item, i, text))])];
        OwnSteps = [.. Enumerable.Range(0, objects).Select(item => Add(PhraseKind.OwnStep, item, 0, Objects[item].OwnStep))];
        OwnReasons = [.. Enumerable.Range(0, objects).Select(item => Add(PhraseKind.Reason, item, 0, Objects[item].OwnReason))];
        SafeSteps = AddAll(PhraseKind.SafeStep, WorldTables.SafeSteps);
        SharedReasons = AddAll(PhraseKind.Reason, WorldTables.Reasons);
        Refusals = AddAll(PhraseKind.Refusal, WorldTables.Refusals);
        OffTopic = AddAll(PhraseKind.OffTopic, WorldTables.OffTopic);
        Places = AddAll(PhraseKind.Place, WorldTables.Places.Select(place => "at " + place));
        Marks = AddAll(PhraseKind.Mark, WorldTables.Marks.Select(mark => "with " + mark));
        ByFirstWord = [.. Enumerable.Range(0, Vocabulary.Tokens.Count).Select(word =>
            Phrases.Where(phrase => phrase.Words[0] == word).OrderByDescending(phrase => phrase.Words.Count).ToArray())];
        foreach (string word in WorldTables.FreeWords) FreeWord[Vocabulary.IdOf(word)] = true;
    }

    /// <summary>The eight objects.</summary>
    public static IReadOnlyList<ObjectFacts> Objects => WorldTables.Objects;

    /// <summary>The six colours' names.</summary>
    public static IReadOnlyList<string> Colours => WorldTables.Colours;

    /// <summary>All phrases, in the order of their ids.</summary>
    public static IReadOnlyList<Phrase> All => Phrases;

    /// <summary>"a {colour} {object}" by object and colour.</summary>
    public static IReadOnlyList<IReadOnlyList<Phrase>> Names { get; }

    /// <summary>The four use steps of each object.</summary>
    public static IReadOnlyList<IReadOnlyList<Phrase>> UseSteps { get; }

    /// <summary>The safe step of each object.</summary>
    public static IReadOnlyList<Phrase> OwnSteps { get; }

    /// <summary>The reason of each object.</summary>
    public static IReadOnlyList<Phrase> OwnReasons { get; }

    /// <summary>The safe steps that suit every object.</summary>
    public static IReadOnlyList<Phrase> SafeSteps { get; }

    /// <summary>The reasons that suit every object.</summary>
    public static IReadOnlyList<Phrase> SharedReasons { get; }

    /// <summary>The refusals.</summary>
    public static IReadOnlyList<Phrase> Refusals { get; }

    /// <summary>The phrases that have nothing to do with any question.</summary>
    public static IReadOnlyList<Phrase> OffTopic { get; }

    /// <summary>"at {place}" by cell.</summary>
    public static IReadOnlyList<Phrase> Places { get; }

    /// <summary>"with {mark}" by severity.</summary>
    public static IReadOnlyList<Phrase> Marks { get; }

    /// <summary>
    /// Reads words from the left: the longest phrase that matches is taken, else one word, which is free (<c>. , : and then</c>) or junk.
    /// </summary>
    /// <param name="words">Ids; any number outside the vocabulary counts as an unknown word.</param>
    /// <param name="phrases">Takes the phrases found, in order.</param>
    /// <returns>How many words are junk.</returns>
    public static int Parse(ReadOnlySpan<int> words, ICollection<Phrase> phrases)
    {
        int junk = 0;
        for (int at = 0; at < words.Length;)
        {
            int word = (uint)words[at] < (uint)ByFirstWord.Length ? words[at] : Vocabulary.Unknown;
            if (LongestAt(words[at..], word) is { } phrase)
            {
                phrases.Add(phrase);
                at += phrase.Words.Count;
                continue;
            }
            if (!FreeWord[word]) junk++;
            at++;
        }
        return junk;
    }

    private static Phrase? LongestAt(ReadOnlySpan<int> words, int first)
    {
        foreach (Phrase phrase in ByFirstWord[first])
        {
            int length = phrase.Words.Count;
            if (length > words.Length) continue;
            int same = 1;
            while (same < length && phrase.Words[same] == words[same]) same++;
            if (same == length) return phrase;
        }
        return null;
    }

    private static Phrase Add(PhraseKind kind, int owner, int index, string text)
    {
        Phrase phrase = new(Phrases.Count, kind, owner, index, text);
        Phrases.Add(phrase);
        return phrase;
    }

    private static Phrase[] AddAll(PhraseKind kind, IEnumerable<string> texts) => [.. texts.Select((text, i) => Add(kind, -1, i, text))];
}
