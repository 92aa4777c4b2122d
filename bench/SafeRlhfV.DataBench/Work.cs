using SafeRlhfV.Data;

namespace SafeRlhfV.DataBench;

/// <summary>What is timed. Each runs in a process of its own, so that its peak of memory is its own too.</summary>
internal static class Work
{
    public static IReadOnlyDictionary<string, Func<string, long>> Kinds { get; } = new Dictionary<string, Func<string, long>>
    {
        ["raw, pages"] = folder => RawRead.Pages(Files(folder)),
        ["raw, values"] = folder => RawRead.Values(Files(folder)),
        ["scan"] = folder => PreferenceDataset.Open(folder).ReadRows().Sum(row => row.Image!.Bytes!.LongLength),
        ["cursor, shuffled"] = folder =>
        {
            PreferenceDataset data = PreferenceDataset.Open(folder);
            DatasetCursor cursor = new(data, new CursorOptions());
            return cursor.Rows().Take((int)cursor.RowsOfEpoch(0)).Sum(row => row.Image!.Bytes!.LongLength);
        },
        ["decode, one core"] = folder => PreferenceDataset.Open(folder).ReadRows().Sum(row => Decode(row)),
        ["decode, all cores"] = folder => RowPipeline.Map(PreferenceDataset.Open(folder).ReadRows(), Decode).Sum(),
        ["validate"] = folder => DatasetValidator.Check(folder).Findings.Count,
    };

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    private static long Decode(DatasetRow row) => ImageDecoder.Decode(row.Image!.Bytes!).Pixels.LongLength;
}
