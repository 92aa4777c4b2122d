using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>The splits of <c>align</c>: later stages need rows of all three.</summary>
internal static class AlignSplits
{
    // more rows are not split for a dry run: every image would be read
    private const long FewRows = 1000;

    /// <summary>Checks the splits that were made.</summary>
    /// <exception cref="InvalidInputException">One is empty.</exception>
    public static string Demand(AlignOptions options)
    {
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(options.Folders.Check(AlignStages.Split)));
        Demand(options, report.RootElement.GetProperty("rows").EnumerateObject().ToDictionary(split => split.Name, split => split.Value.GetInt64()));
        return "";
    }

    /// <summary>Checks the splits that will be made, where the data set is small; a large one is checked once it is split.</summary>
    /// <exception cref="InvalidInputException">One will be empty.</exception>
    public static void Foresee(AlignOptions options)
    {
        PreferenceDataset data = PreferenceDataset.Open(options.Data);
        if (data.CountRows() <= FewRows)
            Demand(options, DatasetSplitter.Count(data, DataSplitVerb.Parse(options.Settings.Shares), options.Seed ?? 0).Rows);
    }

    private static void Demand(AlignOptions options, IReadOnlyDictionary<string, long> rows)
    {
        string[] empty = [.. rows.Where(split => split.Value == 0).Select(split => $"'{split.Key}'")];
        if (empty.Length == 0) return;
        throw new InvalidInputException($"{options.Data}: no row for the split{(empty.Length > 1 ? "s" : "")} {string.Join(" and ", empty)}: "
            + $"{DataArguments.Count(rows.Values.Sum(), "row")} by shares={options.Settings.Shares}, where same or similar images stay together; add rows with "
            + "other images, or give the empty split a larger share, for example --set shares=train=0.4,validation=0.3,test=0.3.");
    }
}
