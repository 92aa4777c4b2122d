namespace SafeRlhfV.Processing;

/// <summary>Byte-pair encoding: characters, merged pair by pair in the order of their ranks.</summary>
internal sealed class BpeModel : TokenModel
{
    private readonly Dictionary<string, int> vocabulary;
    private readonly IReadOnlyList<(int Left, int Right, int Merged)> merges;
    private readonly int[] ofCharacter = new int[char.MaxValue + 1], ofByte = new int[256];

    /// <param name="vocabulary">Tokens and their ids.</param>
    /// <param name="merges">Left, right and merged ids in the order of their ranks.</param>
    /// <param name="options">What else the file says.</param>
    public BpeModel(Dictionary<string, int> vocabulary, IReadOnlyList<(int Left, int Right, int Merged)> merges, BpeOptions options)
    {
        (this.vocabulary, this.merges, Options) = (vocabulary, merges, options);
        Array.Fill(ofCharacter, -1);
        foreach ((string token, int id) in vocabulary) if (token.Length == 1) ofCharacter[token[0]] = id;
        for (int value = 0; value < 256; value++) ofByte[value] = options.ByteFallback && vocabulary.TryGetValue($"<0x{value:X2}>", out int id) ? id : -1;
        Unknown = options.UnknownToken is { } token_ && vocabulary.TryGetValue(token_, out int unknown) ? unknown : -1;
        Ranks = new PairTable(merges.Count);
        MergedIds = new int[merges.Count];
        for (int rank = 0; rank < merges.Count; rank++)
        {
            Ranks[merges[rank].Left, merges[rank].Right] = rank;
            MergedIds[rank] = merges[rank].Merged;
        }
        Joined = Joins();
    }

    public override IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public override CharacterPairs? Joined { get; }

    public BpeOptions Options { get; }

    /// <summary>Ranks of pairs.</summary>
    public PairTable Ranks { get; }

    /// <summary>What a merge gives, by rank.</summary>
    public int[] MergedIds { get; }

    /// <summary>Id of the unknown token, -1 if there is none.</summary>
    public int Unknown { get; }

    /// <summary>Id of a character, -1 if the vocabulary lacks it.</summary>
    public int OfCharacter(char unit) => ofCharacter[unit];

    /// <summary>Id of a byte's token, -1 if the vocabulary lacks it.</summary>
    public int OfByte(byte value) => ofByte[value];

    /// <summary>Id of a token.</summary>
    public bool TryFind(ReadOnlySpan<char> token, out int id) => vocabulary.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out id);

    public override TokenModel Without(IReadOnlySet<int> hidden)
    {
        bool Hides(int id) => id != Unknown && hidden.Contains(id);
        // most vocabularies hold their special tokens, but no merge makes them
        bool reachable = merges.Any(merge => Hides(merge.Left) || Hides(merge.Right) || Hides(merge.Merged))
            || vocabulary.Any(entry => Hides(entry.Value)
                && (Options.IgnoreMerges || entry.Key.EnumerateRunes().Count() == 1 || Options.EndSuffix.Length + Options.ContinuingPrefix.Length > 0));
        if (!reachable) return this;
        Dictionary<string, int> rest = new(vocabulary.Where(entry => !Hides(entry.Value)));
        return new BpeModel(rest, [.. merges.Where(merge => !Hides(merge.Left) && !Hides(merge.Right) && !Hides(merge.Merged))], Options);
    }

    public override ModelRun NewRun() => new BpeRun(this);

    // Null where a cut could change the result: whole pieces looked up, prefixes and suffixes, merged byte tokens.
    private CharacterPairs? Joins()
    {
        HashSet<int> bytes = [.. ofByte.Where(id => id >= 0)];
        if (Options.IgnoreMerges || Options.ContinuingPrefix.Length > 0 || Options.EndSuffix.Length > 0
            || merges.Any(merge => bytes.Contains(merge.Left) || bytes.Contains(merge.Right))) return null;
        HashSet<int> merged = [.. merges.Select(merge => merge.Merged)];
        CharacterPairs pairs = new();
        foreach ((string token, int id) in vocabulary) if (merged.Contains(id)) pairs.Add(token);
        return pairs;
    }
}
