using System.Diagnostics;
using System.Text.Json;
using SafeRlhfV.Cli;
using SafeRlhfV.Data;

namespace SafeRlhfV.Bench;

/// <summary>
/// Times reading a data set: each way in processes of its own, in turn, so that all see the same machine; the best time of each counts, and the highest peak.
/// </summary>
internal static class DataBench
{
    /// <summary>Ways that are asked for, in their own order; nothing asked = all.</summary>
    /// <exception cref="InvalidInputException">One is not known.</exception>
    public static string[] Choose(string[] only) => Workloads.Choose(only, DataWork.All.Keys);

    /// <summary>Runs one way once in this process and prints what it took, for the process that compares.</summary>
    public static void RunOnce(string name, string folder) => Output.Line(Output.JsonLine(DataWork.Time(name, folder)));

    public static async Task RunAsync(string[] chosen, string folder, int rounds, CancellationToken cancellationToken)
    {
        long rows = PreferenceDataset.Open(folder).CountRows();
        string[] files = DataWork.Files(folder);
        if (files.Length == 0) throw new InvalidInputException($"{folder}: no Parquet file in it; bench --data compares with ParquetSharp's own reading.");
        double megabytes = files.Sum(file => new FileInfo(file).Length) / 1e6;
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            await stream.CopyToAsync(Stream.Null, cancellationToken); // into the page cache
        }
        Dictionary<string, DataTiming> best = [];
        for (int round = 0; round < rounds; round++)
            foreach (string name in chosen)
            {
                DataTiming now = await RunApartAsync(name, folder, cancellationToken);
                best[name] = best.TryGetValue(name, out DataTiming? known)
                    ? new DataTiming(Math.Min(now.Seconds, known.Seconds), Math.Min(now.CpuSeconds, known.CpuSeconds),
                        Math.Max(now.PeakMebibytes, known.PeakMebibytes))
                    : now;
            }
        foreach (string name in chosen)
        {
            (double seconds, double cpu, long peak) = best[name];
            Dictionary<string, object> line = new()
            {
                ["peer"] = DataWork.All[name].Peer,
                ["threads"] = DataWork.All[name].Threads,
                ["work"] = $"data-{name}",
                ["rows"] = rows,
                ["mb"] = Math.Round(megabytes),
                ["seconds"] = Math.Round(seconds, 3),
                ["cpu_s"] = Math.Round(cpu, 3),
                ["rows_per_s"] = Math.Round(rows / seconds),
                ["mb_per_s"] = Math.Round(megabytes / seconds),
                ["peak_rss_mib"] = peak,
            };
            if (name == "scan" && best.TryGetValue("raw-values", out DataTiming? raw))
                (line["of_raw_values"], line["of_raw_values_by_cpu"]) = (Math.Round(raw.Seconds / seconds, 2), Math.Round(raw.CpuSeconds / cpu, 2));
            Output.Line(Output.JsonLine(line));
        }
    }

    private static async Task<DataTiming> RunApartAsync(string name, string folder, CancellationToken cancellationToken)
    {
        using Process process = ProcessApart.Start(["bench", "--data", folder, "--only", name, "--once"], readsOutput: true);
        try
        {
            string text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
                throw new InvalidInputException($"{folder}: reading it ('{name}') ended with exit code {process.ExitCode}; see the line above.");
            return JsonSerializer.Deserialize<DataTiming>(text, JsonSerializerOptions.Web) ?? throw new InvalidDataException(text);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
