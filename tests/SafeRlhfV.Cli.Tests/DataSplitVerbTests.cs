using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataSplitVerbTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public async Task AllRowsAreDealtAndNoImageLeaks(string set)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(BeaverTailsCases.Root, set);
        PreferenceDataset source = PreferenceDataset.Open(path);
        (int code, JsonElement dealt) =
            await CapturedConsole.JsonAsync("data", "split", path, "--shares", "train=0.6, validation=0.2, test=0.2", "--seed", "3", "--out",
                folder.At("split"));
        Assert.Equal((0, folder.At("split")), (code, dealt.GetProperty("folder").GetString()));
        PreferenceDataset split = PreferenceDataset.Open(folder.At("split"));
        foreach (JsonProperty part in dealt.GetProperty("rows").EnumerateObject()) Assert.Equal(part.Value.GetInt64(), split.CountRows(part.Name));
        Assert.Equal(["test", "train", "validation"], split.Splits.Order());
        Assert.Equal(source.ReadRows().Select(BeaverTailsCases.Digest).Order(), split.ReadRows().Select(BeaverTailsCases.Digest).Order());
        (_, JsonElement found) = await CapturedConsole.JsonAsync("data", "dedupe", folder.At("split"));
        Assert.Equal((0, 0), (found.GetProperty("exactLeaks").GetArrayLength(), found.GetProperty("nearLeaks").GetArrayLength()));
    }

    [Fact]
    public async Task PeopleReadHowManyRowsEachSplitGot()
    {
        using TemporaryFolder folder = new();
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("data", "split", Golden.At("beavertails-v", "paired"), "--out", folder.At("split"));
        PreferenceDataset split = PreferenceDataset.Open(folder.At("split"));
        Assert.Equal(0, code);
        string Part(string name) => $"{split.CountRows(name)} {name} ({split.CountRows(name) / 0.96:0.0} %)";
        Assert.StartsWith($"{folder.At("split")}: {Part("train")}, {Part("evaluation")}; the largest group of same or similar images has ", output);
        Assert.Contains("96 rows", errors);
    }

    [Fact]
    public async Task ASplitWithoutARowIsNamed()
    {
        using TemporaryFolder folder = new();
        (int code, _, string errors) =
            await CapturedConsole.RunAsync("data", "split", Golden.At("beavertails-v", "paired"), "--shares", "train=0.995,test=0.005", "--out",
                folder.At("split"));
        Assert.Equal(0, code);
        Assert.Contains("warning: test has no row: its share is 0.48 of 96 rows", errors);
        Assert.DoesNotContain("train has no row", errors);
    }

    [Theory]
    [InlineData("train=0.9,evaluation", "'evaluation' is not of the form split=share")]
    [InlineData("train=much", "'train=much' is not of the form split=share")]
    [InlineData("train=0", "above 0")]
    [InlineData("train=-1,test=2", "above 0")]
    [InlineData("train=1,train=2", "named once")]
    [InlineData("train=0.5,test=0.4", "sum to 0.9; they must sum to 1")]
    [InlineData("train=8,test=2", "sum to 10; they must sum to 1")]
    [InlineData("held-out=1", "'held-out' cannot name a split")]
    [InlineData("../x=1", "'../x' cannot name a split")]
    [InlineData("=1", "'' cannot name a split")]
    public async Task SharesThatMakeNoSenseAreRefused(string shares, string said)
    {
        using TemporaryFolder folder = new();
        await CapturedConsole.RefusedAsync([said], "data", "split", Golden.At("beavertails-v", "flat"), "--shares", shares, "--out", folder.At("split"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
