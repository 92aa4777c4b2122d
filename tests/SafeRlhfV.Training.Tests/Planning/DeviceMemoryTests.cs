using SafeRlhfV.Data;

namespace SafeRlhfV.Training.Tests;

public sealed class DeviceMemoryTests
{
    [Fact]
    public void CardsAreKnownByNameAndBySize()
    {
        foreach (string name in DeviceMemory.Names) Assert.InRange(DeviceMemory.OfCard(name), 20_000_000_000, 200_000_000_000);
        Assert.Equal(DeviceMemory.OfCard("h100-80gb"), DeviceMemory.OfCard("80gb"));
        Assert.Equal(DeviceMemory.OfCard("A100-80GB"), DeviceMemory.OfCard("a100 80gb"));
        foreach (string name in (string[])["h9000", "gb", "-1gb", "0gb", "nangb", ""]) Assert.Contains("h100-80gb", Assert.Throws<InvalidInputException>(() => DeviceMemory.OfCard(name)).Message);
    }

    [Fact]
    public void TheHostTellsWhatItHas()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells it on Linux alone.");
        Assert.InRange(DeviceMemory.Free("cpu")!.Value, Environment.WorkingSet / 2, 1L << 50);
        Assert.InRange(DeviceMemory.PeakOfProcess()!.Value, 10L << 20, 1L << 50);
    }
}
