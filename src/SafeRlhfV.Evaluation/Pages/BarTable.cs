namespace SafeRlhfV.Evaluation;

/// <summary>Counts as a table with a bar in each row.</summary>
internal static class BarTable
{
    /// <summary>One row for each count.</summary>
    /// <param name="title">What is counted.</param>
    /// <param name="rows">Name, series (empty where there is only one) and count.</param>
    public static Markup Render(string title, IReadOnlyList<(string Name, string Series, double Value)> rows)
    {
        double most = Math.Max(1, rows.Select(row => row.Value).DefaultIfEmpty().Max());
        string[] series = [.. rows.Select(row => row.Series).Distinct()];
        return Markup.Of($"""
            <figure class="chart"><table class="bars"><caption>{title}</caption><tbody>
            {rows.Select((row, i) => Row(row, series, most, repeats: i > 0 && rows[i - 1].Name == row.Name))}</tbody></table></figure>

            """);
    }

    private static Markup Row((string Name, string Series, double Value) row, string[] series, double most, bool repeats) => Markup.Of($"""
        <tr><th scope="row">{(repeats ? Markup.Of($"<span class=\"hidden\">{row.Name}</span>") : Markup.Of($"{row.Name}"))} <small>{row.Series}</small></th>
        <td>{Bar(row.Value / most, 2 + Array.IndexOf(series, row.Series))}</td><td>{Words.Number(row.Value, 0)}</td></tr>

        """);

    /// <summary>A bar of a share of its place, in a series' colour.</summary>
    public static Markup Bar(double share, int colour) => Markup.Of($"""
        <svg class="bar s{colour % ChartSeries.Colours}" width="100%" height="10" aria-hidden="true">
        <rect width="{Svg.Percent(share)}" height="10" rx="2"/></svg>
        """);
}
