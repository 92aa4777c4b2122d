namespace SafeRlhfV.Core.Tests;

public sealed class PngChunksTests
{
    private static readonly byte[] File = PngBytes.Encode(new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]));

    [Fact]
    public void EveryChunkIsThereInItsOrder() => Assert.Equal([("IHDR", 13, true), ("IDAT", Data, true), ("IEND", 0, true)], Walk(File));

    [Theory]
    [InlineData(1, "IHDR IDAT")] // the end is cut: too little of it is there to be a chunk
    [InlineData(13, "IHDR IDAT cut")]
    [InlineData(14, "IHDR IDAT cut")]
    public void AChunkThatIsCutShortIsTheLast(int bytes, string expected) =>
        Assert.Equal(expected, string.Join(' ', Walk(File[..^bytes]).Select(chunk => chunk.IsWhole ? chunk.Kind : $"{chunk.Kind} cut")));

    [Fact]
    public void NothingIsReadBeyondTheFile()
    {
        for (int length = 0; length < File.Length; length++) Assert.InRange(Walk(File[..length]).Sum(chunk => chunk.Length), 0, length);
        // a length beyond all files
        byte[] lying = [.. File[..8], 0xff, 0xff, 0xff, 0xff, .. "tRNS"u8, 1, 2, 3, 4];
        Assert.Equal([("tRNS", 4, false)], Walk(lying));
    }

    private static int Data => File.Length - 8 - 25 - 12 - 12;

    private static List<(string Kind, int Length, bool IsWhole)> Walk(byte[] file)
    {
        List<(string, int, bool)> found = [];
        foreach (PngChunks chunk in new PngChunks(file)) found.Add((System.Text.Encoding.ASCII.GetString(chunk.Kind), chunk.Content.Length, chunk.IsWhole));
        return found;
    }
}
