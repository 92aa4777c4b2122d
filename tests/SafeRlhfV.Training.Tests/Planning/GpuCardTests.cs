namespace SafeRlhfV.Training.Tests;

public sealed class GpuCardTests
{
    [Theory]
    [InlineData("h100-80gb", 81559)]
    [InlineData("H100 80GB", 81559)]
    [InlineData("a100-80gb", 81920)]
    [InlineData("l4", 23034)]
    [InlineData("rtx-4090", 24564)]
    [InlineData("v100-32gb", 32768)]
    public void CardsHaveWhatNvidiaSmiReports(string name, long mebibytes) => Assert.Equal(mebibytes << 20, GpuCard.Find(name).Bytes);

    [Fact]
    public void ASizeStatesItsUnit()
    {
        Assert.Equal(48L << 30, GpuCard.Find("48gib").Bytes);
        Assert.Equal(48_000_000_000, GpuCard.Find("48GB").Bytes);
        Assert.Equal(1L << 29, GpuCard.Find("0.5 GiB".Replace(" ", "", StringComparison.Ordinal)).Bytes);
        foreach (string name in (string[])["h9000", "gb", "gib", "-1gb", "0gib", "nangb", "48mb", "48", ""])
        {
            string message = Assert.Throws<InvalidInputException>(() => GpuCard.Find(name)).Message;
            Assert.Contains("h100-80gb", message);
            Assert.Contains("48gib", message);
        }
    }

    [Fact]
    public void EveryCardHasMemoryASpeedAndAReserve()
    {
        foreach (string name in GpuCard.Names)
        {
            GpuCard card = GpuCard.Find(name);
            Assert.InRange(card.Bytes, 15L << 30, 200L << 30);
            Assert.InRange(card.UsableBytes, card.Bytes * 9 / 10, card.Bytes * 99 / 100);
            Assert.True(card.HalfTeraflops > card.SingleTeraflops && card.GigabytesPerSecond > 0, name);
            Assert.Equal(name is not ("t4" or "v100-16gb" or "v100-32gb"), card.HasBfloat16);
        }
    }
}
