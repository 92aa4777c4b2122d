using System.Diagnostics;
using System.Globalization;
using SafeRlhfV.Cli;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>Times and prints.</summary>
internal static class Measure
{
    // the runtime compiles what is called often a second and third time, in the background
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Median seconds of some runs, after two seconds of runs that do not count. What a run makes is freed after it.</summary>
    public static double Median(Action work, int repeat) => Middle(InTurn([work], repeat, WarmUp)[0]);

    /// <summary>
    /// Seconds of every run of some ways of doing the same, one way after another in each round, after rounds that do not count: one at least, and two seconds
    /// of them. What a run makes is freed after it.
    /// </summary>
    public static double[][] InTurn(IReadOnlyList<Action> ways, int repeat) => InTurn(ways, repeat, WarmUp);

    private static double[][] InTurn(IReadOnlyList<Action> ways, int repeat, TimeSpan warmUp)
    {
        double[][] seconds = [.. ways.Select(_ => new double[repeat])];
        long begin = Stopwatch.GetTimestamp();
        do Round(null);
        while (Stopwatch.GetElapsedTime(begin) < warmUp);
        for (int run = 0; run < repeat; run++) Round(run);
        return seconds;

        void Round(int? run)
        {
            for (int way = 0; way < ways.Count; way++)
            {
                using DisposeScope scope = NewDisposeScope();
                long start = Stopwatch.GetTimestamp();
                ways[way]();
                if (run is { } counted) seconds[way][counted] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        }
    }

    /// <summary>The median.</summary>
    public static double Middle(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>GFLOP/s of a float32 product of two 1024 × 1024 matrices.</summary>
    public static double MatrixRate(int repeat = 12)
    {
        const int Side = 1024;
        Tensor a = randn(Side, Side), b = randn(Side, Side);
        double seconds = Enumerable.Range(0, 3).Min(_ => Middle(InTurn([() => a.mm(b)], repeat, TimeSpan.Zero)[0]));
        return 2.0 * Side * Side * Side / seconds / 1e9;
    }

    /// <summary>A field of the process's own status, in MiB: VmHWM is the peak, VmRSS what is held now.</summary>
    public static long Mebibytes(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Prints one line.</summary>
    public static void Emit(BenchSettings settings, string work, params (string Name, object Value)[] figures)
    {
        Dictionary<string, object> line = new() { ["peer"] = "safe-rlhf-v", ["threads"] = settings.Threads, ["work"] = work };
        foreach ((string name, object value) in figures) line.Add(name, value);
        Output.Line(Output.JsonLine(line));
    }
}
