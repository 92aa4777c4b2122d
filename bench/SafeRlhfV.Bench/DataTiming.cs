namespace SafeRlhfV.Bench;

/// <summary>What reading a data set took.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="CpuSeconds">Processor time of all threads.</param>
/// <param name="PeakMebibytes">The process's peak memory.</param>
internal sealed record DataTiming(double Seconds, double CpuSeconds, long PeakMebibytes);
