using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
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

    /// <summary>A mistake in a row of the split copy, as one in the same row of the user's own files; any other as it is.</summary>
    public static InvalidInputException InOwnFiles(InvalidInputException mistake, AlignOptions options)
    {
        string copy = options.Folders.Data;
        Match place = Regex.Match(mistake.Message, $@"(?<file>{Regex.Escape(copy)}\S+?)(?<between>: |, )row (?<row>\d+)");
        if (!place.Success || OwnRow(place.Groups["file"].Value, long.Parse(place.Groups["row"].Value, CultureInfo.InvariantCulture)) is not { } own)
            return mistake;
        return mistake.Finding is { } finding
            ? new InvalidInputException(finding with { File = own.File, Row = own.Row, Split = own.Split }, mistake)
            : new InvalidInputException(mistake.Message.Replace(place.Value, $"{own.File}{place.Groups["between"].Value}row {own.Row}",
                StringComparison.Ordinal), mistake);

        RowPosition? OwnRow(string file, long number)
        {
            try
            {
                DatasetRow? row = PreferenceDataset.Open(copy).ReadRows().FirstOrDefault(one => one.Position.File == file && one.Position.Row == number);
                return row is null ? null : PreferenceDataset.Open(options.Data).ReadRows().FirstOrDefault(one => AreSame(one, row))?.Position;
            }
            catch (InvalidInputException) // a file that cannot be read has no rows to compare
            {
                return null;
            }
        }
    }

    private static bool AreSame(DatasetRow one, DatasetRow other) =>
        ((string[])["question", "response", "response_1", "response_2"]).All(column => TextOf(one, column) == TextOf(other, column))
        && TurnsOf(one).SequenceEqual(TurnsOf(other))
        && one.Images.Count == other.Images.Count
        && one.Images.Zip(other.Images).All(pair => pair.First.Bytes.AsSpan().SequenceEqual(pair.Second.Bytes));

    private static string? TextOf(DatasetRow row, string column) => row.Schema.IndexOf(column) < 0 ? null : row.Text(column);

    private static IEnumerable<string> TurnsOf(DatasetRow row) => (row.Messages ?? []).Select(message => $"{message.Role}: {message.Text}");

    private static void Demand(AlignOptions options, IReadOnlyDictionary<string, long> rows)
    {
        string[] empty = [.. rows.Where(split => split.Value == 0).Select(split => $"'{split.Key}'")];
        if (empty.Length == 0) return;
        throw new InvalidInputException($"{options.Data}: no row for the split{(empty.Length > 1 ? "s" : "")} {string.Join(" and ", empty)}: "
            + $"{DataArguments.Count(rows.Values.Sum(), "row")} by shares={options.Settings.Shares}, where same or similar images stay together; add rows with "
            + "other images, or give the empty split a larger share, for example --set shares=train=0.4,validation=0.3,test=0.3.");
    }
}
