namespace SafeRlhfV.Processing;

/// <summary>Every piece is a token of the vocabulary, or unknown.</summary>
internal sealed class WordLevelModel(Dictionary<string, int> vocabulary, string unknown) : TokenModel
{
    public override IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public override TokenModel Without(IReadOnlySet<int> hidden)
    {
        Dictionary<string, int> rest = new(vocabulary.Where(entry => !hidden.Contains(entry.Value) || entry.Key == unknown));
        return rest.Count == vocabulary.Count ? this : new WordLevelModel(rest, unknown);
    }

    public override ModelRun NewRun() => new Run(vocabulary.GetAlternateLookup<ReadOnlySpan<char>>(), unknown);

    private sealed class Run(Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> vocabulary, string unknown) : ModelRun
    {
        public override void Append(ReadOnlySpan<char> piece, IdBuffer ids)
        {
            if (vocabulary.TryGetValue(piece, out int id) || vocabulary.TryGetValue(unknown, out id)) ids.Add(id);
            else
                throw new InvalidInputException($"The tokenizer's word-level vocabulary has neither '{piece}' nor the unknown token '{unknown}'; add one of "
                    + "them to model.vocab.");
        }
    }
}
