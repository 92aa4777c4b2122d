namespace SafeRlhfV.Data;

/// <summary>
/// What the columns of one file lack. A column without a value in any row is one finding, whether the file does not have it or has nothing but nulls in it;
/// cells that are null beside others that are not are findings of their rows.
/// </summary>
internal sealed class ColumnCheck(string file, RowSchema schema, TrainerNeeds needs)
{
    private readonly ILookup<TrainerNeeds.Need, string> wanted = needs.In(schema.Layout);
    private readonly HashSet<string> filled = [];
    private readonly List<(Func<bool> IsOfRow, Finding Finding)> lacking = [];
    private long rows;

    /// <summary>Notes which cells of a row hold something.</summary>
    /// <param name="row">The row.</param>
    /// <param name="findings">What is wrong with it.</param>
    /// <returns>The findings that do not depend on other rows.</returns>
    public IReadOnlyList<Finding> Add(DatasetRow row, IReadOnlyList<Finding> findings)
    {
        if (row.Faults.Any(fault => fault.Column.Length == 0)) return findings; // no row at all
        rows++;
        HashSet<string> broken = [.. row.Faults.Where(fault => fault.Code != Fault.MissingColumn).Select(fault => fault.Column)];
        bool Has(string column) => schema.IndexOf(column) is var at and >= 0 && row[at] is not null || broken.Contains(column);
        foreach ((string column, _) in schema.Columns) if (Has(column)) filled.Add(column);
        List<Finding> own = [];
        foreach (Finding finding in findings)
        {
            if (finding.Code is Fault.NullValue or Fault.MissingColumn)
            {
                string column = finding.Columns[0];
                bool mayBeNull = schema.HasMessages && (column != "question" || row.Messages is not null);
                if (needs.IsAll && !mayBeNull) lacking.Add((() => filled.Contains(column), finding));
            }
            else if (finding.Code == Fault.ImageNull && row.Messages is null && row.Image is null)
                lacking.Add((() => filled.Contains("image"), needs.IsAll ? finding : finding with { Severity = FindingSeverity.Warning }));
            else own.Add(finding);
        }
        // of conversations of several kinds a trainer takes those that serve it, and says how many it leaves out
        if (!needs.IsAll && !schema.HasMessages)
            foreach (IGrouping<TrainerNeeds.Need, string> need in wanted.Where(need => !need.Key.IsMet(Has)))
                lacking.Add((() => need.Key.IsMet(filled.Contains),
                    RowRules.Error(row, Fault.NullValue, $"{string.Join(", ", need)} cannot use the row: it has no value here; give one or drop the row.",
                    [.. need.Key.Usual.Where(column => !Has(column))])));
        return own;
    }

    /// <summary>What is known when all rows are read: empty columns, then the rows' empty cells in other columns.</summary>
    /// <param name="split">The split of the file.</param>
    public IEnumerable<Finding> Finish(string split)
    {
        if (rows == 0) yield break;
        HashSet<string> needed = [];
        foreach (IGrouping<string, (TrainerNeeds.Need Need, IEnumerable<string> Trainers)> column in wanted.Where(need =>
            !need.Key.IsMet(filled.Contains) && (!needs.IsAll || !schema.HasMessages || need.Key.Usual[0] == "question"))
            .SelectMany(need => need.Key.Usual.Where(column => !filled.Contains(column)).Select(column => (column, (need.Key, (IEnumerable<string>)need))))
            .GroupBy(pair => pair.column, pair => pair.Item2))
        {
            needed.Add(column.Key);
            yield return new Finding(Fault.MissingColumn, FindingSeverity.Error, file, null, [column.Key],
                $"missing: no row of the file has a value here{column.First().Need.Others}, and "
                + $"{string.Join(", ", column.SelectMany(pair => pair.Trainers).Distinct())} cannot learn without it; "
                + (needs.IsAll ? "add it, or check with --for what one trainer needs." : "add it."))
            { Split = split };
        }
        if (needs.IsAll && !schema.HasMessages)
            foreach ((string column, _) in schema.Columns)
                if (!filled.Contains(column) && !needed.Contains(column) && !RowSchema.IsExtension(column))
                    yield return new Finding(Fault.MissingColumn, FindingSeverity.Warning, file, null, [column],
                        "missing: no row of the file has a value here; trainers do without it.")
                    { Split = split };
        foreach ((Func<bool> isOfRow, Finding finding) in lacking) if (isOfRow()) yield return finding with { Split = split };
    }
}
