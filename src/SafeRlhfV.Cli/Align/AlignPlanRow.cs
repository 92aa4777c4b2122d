using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>What one training run of <c>align</c> takes.</summary>
/// <param name="Stage">Its stage.</param>
/// <param name="Trainer">What trains.</param>
/// <param name="Device">Where it runs.</param>
/// <param name="Bytes">Memory at the peak.</param>
/// <param name="HostBytes">Host memory beside a GPU's.</param>
/// <param name="RoomBytes">What the device has; null = not known here.</param>
/// <param name="Fits">Whether it fits; null = not known.</param>
/// <param name="Changes">Settings with which it would fit; null = none make it.</param>
/// <param name="Seconds">A rough estimate of its time; null = the device's speed is not known.</param>
internal sealed record AlignPlanRow(string Stage, string Trainer, string Device, long Bytes, long HostBytes, long? RoomBytes, bool? Fits,
    IReadOnlyList<string>? Changes, double? Seconds)
{
    /// <summary>What is wrong, and what would mend it.</summary>
    public string Fault => $"{Stage} takes {MemoryPlan.Size(Bytes)} at its peak, and {Device} has {MemoryPlan.Size(RoomBytes ?? 0)}: "
        + (Changes is null ? "no setting makes it fit"
            : $"it would fit with {string.Join(' ', Changes.SelectMany(change => change.Split(' ')).Select(change => $"--set {Trainer}.{change}"))}");
}
