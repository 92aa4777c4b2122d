using System.Diagnostics;
using System.Globalization;
using SafeRlhfV.Cli;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>Times and prints.</summary>
internal static class Measure
{
    /// <summary>Median seconds of some runs, after one that does not count. What a run makes is freed after it.</summary>
    public static double Median(Action work, int repeat) => Middle(InTurn([work], repeat)[0]);

    /// <summary>
    /// Seconds of every run of some ways of doing the same, one way after another in each round, after a round that does not count. What a run makes is freed
    /// after it.
    /// </summary>
    public static double[][] InTurn(IReadOnlyList<Action> ways, int repeat)
    {
        double[][] seconds = [.. ways.Select(_ => new double[repeat])];
        for (int run = -1; run < repeat; run++)
            for (int way = 0; way < ways.Count; way++)
            {
                using DisposeScope scope = NewDisposeScope();
                long start = Stopwatch.GetTimestamp();
                ways[way]();
                if (run >= 0) seconds[way][run] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        return seconds;
    }

    /// <summary>The median.</summary>
    public static double Middle(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>GFLOP/s of a float32 product of two 1024 × 1024 matrices.</summary>
    public static double MatrixRate(int repeat = 12)
    {
        const int Side = 1024;
        Tensor a = randn(Side, Side), b = randn(Side, Side);
        double seconds = Enumerable.Range(0, 3).Min(_ => Median(() => a.mm(b), repeat));
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
