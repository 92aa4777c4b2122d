namespace SafeRlhfV.Models;

/// <summary>
/// Decides whether threads may spin, from how many processors others have while they queue. Only spinning threads show whether processors are free (threads
/// that sleep queue for a moment whenever they wake), so that after a rest they spin again to see; the rest gets longer each time that the machine is still
/// busy.
/// </summary>
internal sealed class QueueGauge
{
    // processors; on an idle machine something else runs for a moment now and then
    private const double Crowded = 0.5;
    private const int CrowdedPeriods = 4, ShortestRest = 40, LongestRest = 640, Trusted = 100;

    private int crowded, spun, rest = ShortestRest / 2, left;

    /// <summary>Whether threads may spin in the period to come.</summary>
    /// <param name="taken">How many processors others had in the last period while threads queued, on average.</param>
    public bool MaySpin(double taken)
    {
        if (left > 0) return --left == 0;
        spun++;
        crowded = taken > Crowded ? crowded + 1 : 0;
        if (crowded < CrowdedPeriods) return true;
        rest = spun < Trusted ? Math.Min(LongestRest, 2 * rest) : ShortestRest;
        (left, spun, crowded) = (rest, 0, 0);
        return false;
    }
}
