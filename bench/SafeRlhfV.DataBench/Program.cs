using System.Diagnostics;
using System.Globalization;
using SafeRlhfV.Data;
using SafeRlhfV.DataBench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string Option(string name, string standard) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : standard;
if (Option("--only", "") is { Length: > 0 } kind)
{
    Stopwatch watch = Stopwatch.StartNew();
    TimeSpan before = Environment.CpuUsage.TotalTime;
    long result = Work.Kinds[kind](Option("--folder", ""));
    double seconds = watch.Elapsed.TotalSeconds, work = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    string peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
    Console.WriteLine($"{seconds} {work} {long.Parse(peak) / 1024.0} {result}");
    return 0;
}

int rows = int.Parse(Option("--rows", "2500")), kilobytes = int.Parse(Option("--kilobytes", "160")), copies = int.Parse(Option("--copies", "1")), rounds = int.Parse(Option("--rounds", "3"));
string named = Option("--folder", ""), folder = named.Length > 0 ? named : Path.Combine(Path.GetTempPath(), $"data-bench-{Environment.ProcessId}");
string[] wanted = Option("--kinds", "") is { Length: > 0 } list ? list.Split(';') : [.. Work.Kinds.Keys];
try
{
    if (!Directory.Exists(folder)) BenchSet.Write(folder, rows, kilobytes, copies);
    long count = PreferenceDataset.Open(folder).CountRows(), bytes = Directory.EnumerateFiles(folder, "*.parquet", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
    Console.WriteLine($"{count} rows, {bytes / 1e6:0} MB, {Environment.ProcessorCount} cores; best of {rounds} rounds, the kinds in turn, the files in the page cache");
    Dictionary<string, (double Seconds, double Work, double Peak)> best = [];
    for (int round = 0; round <= rounds; round++)
        foreach (string each in wanted)
        {
            (double seconds, double work, double peak) = Child(each);
            if (round == 0) continue; // fills the page cache
            (double Seconds, double Work, double Peak) known = best.GetValueOrDefault(each, (double.MaxValue, double.MaxValue, 0));
            best[each] = (Math.Min(known.Seconds, seconds), Math.Min(known.Work, work), Math.Max(known.Peak, peak));
        }
    Console.WriteLine($"{"",-18} {"seconds",8} {"CPU s",8} {"rows/s",8} {"MB/s",8} {"peak MiB",9}");
    foreach ((string each, (double seconds, double work, double peak)) in best) Console.WriteLine($"{each,-18} {seconds,8:0.00} {work,8:0.00} {count / seconds,8:0} {bytes / 1e6 / seconds,8:0} {peak,9:0}");
    if (best.TryGetValue("scan", out var scan))
        foreach (string raw in (string[])["raw, pages", "raw, values"])
            if (best.TryGetValue(raw, out var peer)) Console.WriteLine($"scan is {peer.Seconds / scan.Seconds:P0} of {raw} by the clock, {peer.Work / scan.Work:P0} by CPU time");
    return 0;
}
finally
{
    if (named.Length == 0 && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
}

(double Seconds, double Work, double Peak) Child(string each)
{
    using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(Work).Assembly.Location, "--only", each, "--folder", folder]) { RedirectStandardOutput = true })!;
    string[] words = process.StandardOutput.ReadToEnd().Split(' ');
    process.WaitForExit();
    if (process.ExitCode != 0) throw new InvalidOperationException($"{each} ended with {process.ExitCode}.");
    return (double.Parse(words[0]), double.Parse(words[1]), double.Parse(words[2]));
}
