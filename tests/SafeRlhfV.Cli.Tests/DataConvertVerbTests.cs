using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataConvertVerbTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public async Task ThereAndBackNothingIsLost(string set)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(BeaverTailsCases.Root, set), last = path;
        PreferenceDataset source = PreferenceDataset.Open(path);
        int step = 0;
        string[][] way = [["--to", "jsonl"], ["--to", "parquet"],
            .. source.Layout == RowLayout.Paired ? (string[][])[["--layout", "flat"], ["--to", "jsonl"], ["--layout", "paired"]] : []];
        foreach (string[] options in way)
        {
            string next = folder.At($"{step++}");
            long rows = PreferenceDataset.Open(last).CountRows(), times = options.Contains("flat") ? 2 : 1, parts = options.Contains("paired") ? 2 : 1;
            (int code, JsonElement said) = await CapturedConsole.JsonAsync(["data", "convert", last, "--out", next, .. options]);
            Assert.Equal((0, next, rows, rows * times / parts),
                (code, said.GetProperty("folder").GetString(), said.GetProperty("read").GetInt64(), said.GetProperty("written").GetInt64()));
            Assert.True(File.Exists(Path.Combine(next, "README.md")));
            last = next;
        }
        PreferenceDataset back = PreferenceDataset.Open(last);
        foreach (DatasetPart part in source.Parts)
            Assert.Equal(source.ReadRows(part.Split, part.Config).Select(BeaverTailsCases.Digest),
                back.ReadRows(part.Split, part.Config).Select(BeaverTailsCases.Digest));
    }

    [Theory]
    [InlineData("trl", "safe")]
    [InlineData("trl", "helpful")]
    [InlineData("align-anything", "safe")]
    [InlineData("reward", null)]
    [InlineData("cost", null)]
    [InlineData("jsonl-files", null)]
    public async Task EveryOtherFormatIsWrittenWithAllRows(string format, string? by)
    {
        using TemporaryFolder folder = new();
        string path = Golden.At("beavertails-v", "paired");
        long rows = PreferenceDataset.Open(path).CountRows();
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync(["data", "convert", path, "--to", format, "--out", folder.At("out"), .. by is null ? [] : (string[])["--by", by]]);
        Assert.Equal((0, folder.At("out")), (code, output.TrimEnd()));
        Assert.Contains($"{rows} rows written", errors);
        string card = File.ReadAllText(folder.At("out", "README.md"));
        foreach (DatasetPart part in PreferenceDataset.Open(path).Parts)
            Assert.Contains(
                $"- split: {part.Split}\n    path: {(format == "jsonl-files" ? $"{part.Config}/{part.Split}.jsonl" : $"data/{part.Config}/{part.Split}-*")}\n",
                card);
    }

    [Fact]
    public async Task WhatCannotBeConvertedIsRefusedWithTheWayOut()
    {
        using TemporaryFolder folder = new();
        await CapturedConsole.RefusedAsync([Golden.At("beavertails-v", "flat"), "no preferences", "convert the paired data set"], "data", "convert",
            Golden.At("beavertails-v", "flat"), "--layout", "paired", "--out", folder.At("out"));
        await CapturedConsole.RefusedAsync(["row 0", "is_response_1_safe", "data validate --fix"],
            "data", "convert", Golden.At("beavertails-v", "broken", "safe-label-contradicts-rate.parquet"), "--layout", "flat", "--out", folder.At("out"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
