namespace SafeRlhfV.Data;

/// <summary>Assigns groups of rows to splits.</summary>
/// <remarks>
/// Every split ends less than one group (the largest) away from its share of the rows. A group goes only where it fits; where it fits nowhere, it goes to the
/// split that lacks most rows: all lack less than the group then, so nothing ends further away than that. Among the splits where it fits, the strata decide.
/// </remarks>
internal static class GroupDealer
{
    private const double Tolerance = 1e-9;

    /// <summary>The split of every row.</summary>
    /// <param name="strata">The stratum of every row: each split is to have its share of each.</param>
    /// <param name="groups">The rows that stay together; large groups are dealt first, among equals the order given decides.</param>
    /// <param name="shares">The share of every split; they sum to 1.</param>
    public static int[] Deal<T>(IReadOnlyList<T> strata, IReadOnlyList<int[]> groups, IReadOnlyList<double> shares) where T : notnull
    {
        double[] lack = [.. shares.Select(share => share * strata.Count)];
        Dictionary<T, Stratum> byName = strata.GroupBy(name => name).ToDictionary(rows => rows.Key, rows => new Stratum(rows.Count(), shares));
        int[] splits = new int[strata.Count], all = [.. Enumerable.Range(0, shares.Count)];
        foreach (int[] group in groups.OrderByDescending(group => group.Length))
        {
            (Stratum Stratum, int Rows)[] parts = [.. group.GroupBy(row => strata[row]).Select(rows => (byName[rows.Key], rows.Count()))];
            int[] room = [.. all.Where(i => lack[i] >= group.Length - Tolerance)];
            int[] roomInStrata = [.. room.Where(i => parts.All(part => part.Stratum.Lack[i] >= part.Rows - Tolerance))];
            // Relative while there is room, so that splits fill evenly; then absolute, so that many small strata do not each round a small share up.
            int split = roomInStrata.Length > 0
                ? roomInStrata.MaxBy(i => parts.Sum(part => part.Rows * part.Stratum.Lack[i] / part.Stratum.Rows) / shares[i]
                    + group.Length * lack[i] / (shares[i] * strata.Count))
                : room.Length > 0 ? room.OrderByDescending(i => parts.Sum(part => part.Rows * part.Stratum.Lack[i])).ThenByDescending(i => lack[i] / shares[i])
                    .First()
                : all.MaxBy(i => lack[i]);
            lack[split] -= group.Length;
            foreach ((Stratum stratum, int rows) in parts) stratum.Lack[split] -= rows;
            foreach (int row in group) splits[row] = split;
        }
        return splits;
    }

    /// <summary>The rows of one stratum, and how many each split still lacks.</summary>
    private sealed class Stratum(int rows, IReadOnlyList<double> shares)
    {
        public int Rows => rows;

        public double[] Lack { get; } = [.. shares.Select(share => share * rows)];
    }
}
