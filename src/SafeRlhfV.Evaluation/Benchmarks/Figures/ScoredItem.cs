namespace SafeRlhfV.Evaluation;

/// <summary>An item with what one scorer read of the model's answers to it.</summary>
/// <param name="Id">The item's name within its benchmark.</param>
/// <param name="Facts">What the benchmark says of it: category, split, truth and so on.</param>
/// <param name="Votes">Readings by aspect: one, or one an answer where several are drawn. Null is unreadable.</param>
public sealed record ScoredItem(string Id, IReadOnlyDictionary<string, string> Facts, IReadOnlyDictionary<string, IReadOnlyList<string?>> Votes)
{
    /// <summary>The aspect of scorers that have only one.</summary>
    public const string Only = "reading";

    /// <summary>The name of the fact that lists several values, joined by commas.</summary>
    internal const string Capabilities = "capabilities";

    /// <summary>An item of one reading.</summary>
    public ScoredItem(string id, IReadOnlyDictionary<string, string> facts, string? reading)
        : this(id, facts, new Dictionary<string, IReadOnlyList<string?>> { [Only] = [reading] })
    {
    }

    /// <summary>The first reading of the only aspect.</summary>
    public string? Reading => Votes.TryGetValue(Only, out IReadOnlyList<string?>? votes) && votes.Count > 0 ? votes[0] : null;

    /// <summary>A fact; empty where there is none.</summary>
    public string this[string fact] => Facts.TryGetValue(fact, out string? value) ? value : "";
}
