using System.Diagnostics;
using System.Globalization;

namespace SafeRlhfV.Models;

/// <summary>What loading a checkpoint took, with every weight read once.</summary>
/// <param name="LoadSeconds">Until the model stood.</param>
/// <param name="ReadSeconds">Until every weight had been read after that.</param>
/// <param name="WeightBytes">Bytes of the weights in memory.</param>
/// <param name="BytesBefore">Memory resident before (runtime and libraries).</param>
/// <param name="PeakLoadBytes">Most memory resident until the model stood; 0 where the system does not tell.</param>
/// <param name="PeakBytes">Most memory resident until every weight had been read.</param>
public sealed record LoadMeasure(double LoadSeconds, double ReadSeconds, long WeightBytes, long BytesBefore, long PeakLoadBytes, long PeakBytes)
{
    /// <summary>Loads a checkpoint for inference, then reads all of its weights and looks for numbers that are not finite.</summary>
    /// <exception cref="InvalidInputException">The checkpoint is malformed, or a weight is not finite.</exception>
    public static LoadMeasure Of(string folder, LoadOptions options)
    {
        long before = Resident("VmRSS:");
        Stopwatch clock = Stopwatch.StartNew();
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, options with { RequiresGradient = false });
        double loaded = clock.Elapsed.TotalSeconds;
        long peakLoad = Resident("VmHWM:"), bytes = model.parameters().Sum(parameter => parameter.numel() * parameter.element_size());
        FiniteNumbers.DemandWeights(model);
        return new LoadMeasure(loaded, clock.Elapsed.TotalSeconds - loaded, bytes, before, peakLoad, Resident("VmHWM:"));
    }

    private static long Resident(string field)
    {
        if (!File.Exists("/proc/self/status")) return 0;
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[field.Length..].Replace("kB", "").Trim(), CultureInfo.InvariantCulture) << 10;
    }
}
