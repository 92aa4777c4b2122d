using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

public sealed class WorldGenerateVerbTests
{
    [Fact]
    public async Task ItWritesADataSetThatTheUsualReaderReads()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(0, await CliHost.RunAsync(["world", "generate", "--out", folder.At("data"), "--pairs", "50", "--seed", "7"]));
        PreferenceDataset dataset = PreferenceDataset.Open(folder.At("data"));
        Assert.Equal(45, dataset.ReadPairs("train").Count());
        Assert.Equal(5, dataset.ReadPairs("evaluation").Count());
        Assert.True(File.Exists(folder.At("data", "README.md")));
    }

    [Theory]
    [InlineData("--pairs", "1")]
    [InlineData("--pairs", "many")]
    [InlineData("--sed", "1")]
    public async Task BadUsageEndsWith2AndWritesNothing(string option, string value)
    {
        using TemporaryFolder folder = new();
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(["world", "generate", "--out", folder.At("data"), option, value]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task AFolderThatIsTakenIsLeftAsItIs()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("mine.txt"), "mine");
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(["world", "generate", "--out", folder.Path, "--pairs", "20"]));
        Assert.Equal("mine.txt", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(folder.Path))));
    }
}
