namespace SafeRlhfV.Data;

/// <summary>
/// Gathers warnings of values that are written otherwise than in the release: one for each column, with the number of cells and the first of them.
/// </summary>
internal sealed class SpellingCheck
{
    private readonly Dictionary<(string Code, string Column), (Finding First, long Cells)> spellings = [];

    /// <summary>Takes a finding of this kind in.</summary>
    /// <returns>Whether it is one.</returns>
    public bool Take(Finding finding)
    {
        if (finding.Severity != FindingSeverity.Warning || finding.Code is not (Fault.UnknownCategory or Fault.BadLabel or Fault.BadId)) return false;
        (string, string) key = (finding.Code, finding.Columns[0]);
        spellings[key] = spellings.TryGetValue(key, out (Finding First, long Cells) seen) ? (seen.First, seen.Cells + 1) : (finding, 1);
        return true;
    }

    /// <summary>The warnings.</summary>
    public IEnumerable<Finding> Finish() =>
        spellings.Values.Select(pair =>
            pair.Cells == 1 ? pair.First : pair.First with { What = $"{pair.First.What[..^1]} ({pair.Cells} such cells in this column, this is the first)." });
}
