namespace SafeRlhfV.Processing;

/// <summary>Every piece is cut into the longest tokens that fit from its start; where none fits, the whole piece is unknown (BERT).</summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly Dictionary<string, int> vocabulary, continuing;
    private readonly string unknown, prefix;
    private readonly int mostCharacters, longest;

    /// <param name="vocabulary">Tokens and ids; the unknown token is among them.</param>
    /// <param name="unknown">The token of pieces that cannot be made of others.</param>
    /// <param name="prefix">What tokens begin with that continue a piece.</param>
    /// <param name="mostCharacters">Pieces of more code points are unknown.</param>
    public WordPieceModel(Dictionary<string, int> vocabulary, string unknown, string prefix, int mostCharacters)
    {
        (this.vocabulary, this.unknown, this.prefix, this.mostCharacters) = (vocabulary, unknown, prefix, mostCharacters);
        continuing = vocabulary.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value);
        longest = vocabulary.Keys.Select(token => token.Length).DefaultIfEmpty(0).Max();
    }

    public override IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public override TokenModel Without(IReadOnlySet<int> hidden)
    {
        Dictionary<string, int> rest = new(vocabulary.Where(entry => !hidden.Contains(entry.Value) || entry.Key == unknown));
        return rest.Count == vocabulary.Count ? this : new WordPieceModel(rest, unknown, prefix, mostCharacters);
    }

    public override ModelRun NewRun() => new Run(this);

    private sealed class Run(WordPieceModel model) : ModelRun
    {
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> starting = model.vocabulary.GetAlternateLookup<ReadOnlySpan<char>>(),
            continuing = model.continuing.GetAlternateLookup<ReadOnlySpan<char>>();

        private readonly List<int> found = [];

        public override void Append(ReadOnlySpan<char> piece, IdBuffer ids)
        {
            found.Clear();
            int start = CodePoints.Count(piece) > model.mostCharacters ? -1 : 0;
            while (start >= 0 && start < piece.Length) start = Next(piece, start);
            if (start < 0) ids.Add(model.vocabulary[model.unknown]);
            else foreach (int id in found) ids.Add(id);
        }

        // where the longest token from here ends; -1: none fits
        private int Next(ReadOnlySpan<char> piece, int start)
        {
            for (int end = Math.Min(piece.Length, start + model.longest); end > start; end--)
            {
                if (end < piece.Length && char.IsLowSurrogate(piece[end])) continue;
                if (!(start == 0 ? starting : continuing).TryGetValue(piece[start..end], out int id)) continue;
                found.Add(id);
                return end;
            }
            return -1;
        }
    }
}
