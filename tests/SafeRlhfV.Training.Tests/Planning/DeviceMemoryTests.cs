namespace SafeRlhfV.Training.Tests;

public sealed class DeviceMemoryTests
{
    [Fact]
    public void TheHostTellsWhatItHas()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells it on Linux alone.");
        Assert.InRange(DeviceMemory.Free("cpu")!.Value, Environment.WorkingSet / 2, 1L << 50);
        Assert.InRange(DeviceMemory.PeakOfProcess()!.Value, 10L << 20, 1L << 50);
    }
}
