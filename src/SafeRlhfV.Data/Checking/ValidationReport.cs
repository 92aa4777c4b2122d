namespace SafeRlhfV.Data;

/// <summary>What a check of a data set found.</summary>
/// <param name="Path">The data set, as it was given.</param>
/// <param name="Files">Files looked at.</param>
/// <param name="Rows">Rows read.</param>
/// <param name="Findings">Everything found, file by file, then what needs all rows (duplicates, leaks).</param>
public sealed record ValidationReport(string Path, int Files, long Rows, IReadOnlyList<Finding> Findings)
{
    /// <summary>How many findings are errors.</summary>
    public int Errors => Findings.Count(finding => finding.Severity == FindingSeverity.Error);

    /// <summary>How many findings are warnings.</summary>
    public int Warnings => Findings.Count(finding => finding.Severity == FindingSeverity.Warning);
}
