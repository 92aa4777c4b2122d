namespace SafeRlhfV.GatewayLoad;

/// <summary>How a server's resident memory went along many streams, in MiB.</summary>
/// <param name="Before">Before the first.</param>
/// <param name="Peak">The most.</param>
/// <param name="Part">How many streams the two figures below are about.</param>
/// <param name="First">The median while the first of them ended.</param>
/// <param name="Last">The median while the last of them ended.</param>
internal sealed record StreamMemory(double Before, double Peak, int Part, double First, double Last)
{
    private const int MostPart = 1000;

    /// <summary>Reads samples.</summary>
    /// <param name="samples">How many streams had ended, and the memory; the first sample from before.</param>
    /// <param name="streams">How many there were in all.</param>
    public static StreamMemory Of(IReadOnlyList<(int Ended, double Memory)> samples, int streams)
    {
        int part = Math.Max(1, Math.Min(MostPart, streams / 2));
        double[] first = [.. samples.Where(sample => sample.Ended < part).Select(sample => sample.Memory)];
        double[] last = [.. samples.Where(sample => sample.Ended >= streams - part).Select(sample => sample.Memory)];
        return new(samples[0].Memory, samples.Max(sample => sample.Memory), part, Percentiles.At(first, 0.5), Percentiles.At(last, 0.5));
    }
}
