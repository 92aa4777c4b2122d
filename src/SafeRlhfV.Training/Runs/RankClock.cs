using System.Runtime.InteropServices;

namespace SafeRlhfV.Training;

/// <summary>What ranks tell each other once a step: how long each worked, and whether any was asked to stop.</summary>
internal sealed class RankClock(Ranks ranks)
{
    private TimeSpan waited;
    private long worked;

    /// <summary>A step begins: what was waited for before it is not its time.</summary>
    public void Start() => waited = ranks.Waited;

    /// <summary>Meets the other ranks and adds each one's rows per second and the slowest rank to the step's times.</summary>
    /// <returns>Whether any rank was asked to stop.</returns>
    public bool Meet(long step, TimeSpan elapsed, bool stops, Dictionary<string, double> clocked)
    {
        double busy = (elapsed - (ranks.Waited - waited)).TotalSeconds;
        double[][] all = [.. ranks.Gather($"end of step {step}", MemoryMarshal.AsBytes<double>([stops ? 1 : 0, busy, ranks.Rows - worked]))
            .Select(bytes => MemoryMarshal.Cast<byte, double>(bytes).ToArray())];
        worked = ranks.Rows;
        for (int rank = 0; rank < all.Length; rank++) clocked[$"rank_{rank}_rows_per_second"] = all[rank][2] / Math.Max(1e-9, all[rank][1]);
        int slowest = Enumerable.Range(0, all.Length).MaxBy(rank => all[rank][1]);
        (clocked["slowest_rank"], clocked["slowest_rank_seconds"]) = (slowest, all[slowest][1]);
        return all.Any(one => one[0] != 0);
    }
}
