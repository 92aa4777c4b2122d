namespace SafeRlhfV.Evaluation;

/// <summary>An item with the texts that a harness reads: the model's answer, or a judge's replies by aspect.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Facts">What the benchmark says of it.</param>
/// <param name="Options">Its options, A first; null where it has none.</param>
/// <param name="Texts">The texts by aspect.</param>
public sealed record RawItem(string Id, IReadOnlyDictionary<string, string> Facts, IReadOnlyList<string>? Options,
    IReadOnlyDictionary<string, string> Texts)
{
    /// <summary>A fact; empty where there is none.</summary>
    public string this[string fact] => Facts.TryGetValue(fact, out string? value) ? value : "";

    /// <summary>The text of an aspect; empty where there is none.</summary>
    public string Text(string aspect = ScoredItem.Only) => Texts.TryGetValue(aspect, out string? text) ? text : "";
}
