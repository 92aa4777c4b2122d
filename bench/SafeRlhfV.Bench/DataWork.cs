using System.Diagnostics;
using SafeRlhfV.Data;

namespace SafeRlhfV.Bench;

/// <summary>Ways to read a data set, beside ParquetSharp's own reading of the same files.</summary>
/// <param name="Peer">Whose work it is.</param>
/// <param name="Threads">Threads that work on rows.</param>
/// <param name="Run">Reads the data set in this folder.</param>
internal sealed record DataWork(string Peer, int Threads, Func<string, long> Run)
{
    private const string Ours = "safe-rlhf-v", Package = "ParquetSharp";

    public static IReadOnlyDictionary<string, DataWork> All { get; } = new Dictionary<string, DataWork>
    {
        ["raw-pages"] = new(Package, 1, folder => RawRead.Pages(Files(folder))),
        ["raw-values"] = new(Package, 1, folder => RawRead.Values(Files(folder))),
        ["scan"] = new(Ours, 1, folder => PreferenceDataset.Open(folder).ReadRows().Sum(row => row.Image?.Bytes?.LongLength ?? 0)),
        ["cursor"] = new(Ours, 1, folder =>
            new DatasetCursor(PreferenceDataset.Open(folder), new CursorOptions()).RestOfEpoch().Sum(row => row.Image?.Bytes?.LongLength ?? 0)),
        ["decode-1"] = new(Ours, 1, folder => PreferenceDataset.Open(folder).ReadRows().Sum(Decode)),
        ["decode-all"] = new(Ours, Environment.ProcessorCount, folder => RowPipeline.Map(PreferenceDataset.Open(folder).ReadRows(), Decode).Sum()),
        ["validate"] = new(Ours, Environment.ProcessorCount, folder => DatasetValidator.Check(folder).Findings.Count),
    };

    /// <summary>All Parquet files of a folder, or the one file.</summary>
    public static string[] Files(string folder) => File.Exists(folder)
        ? [folder]
        : [.. Directory.EnumerateFiles(folder, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    /// <summary>Runs one of them once, here. Its peak of memory is the process's.</summary>
    public static DataTiming Time(string name, string folder)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        All[name].Run(folder);
        return new DataTiming(Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds, Measure.Mebibytes("VmHWM"));
    }

    private static long Decode(DatasetRow row) => row.Image?.Bytes is { } bytes ? ImageDecoder.Visit(bytes, (_, _, rgb) => (long)rgb.Length) : 0;
}
