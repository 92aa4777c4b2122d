using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataDedupeVerbTests
{
    [Fact]
    public async Task ThePlantedLeaksAndDuplicatesAreNamedLeaksFirst()
    {
        using TemporaryFolder folder = new();
        string path = Golden.At("beavertails-v", "paired"), copy = folder.At("unique");
        JsonElement stats = JsonDocument.Parse(File.ReadAllText(Golden.At("beavertails-v", "stats.json"))).RootElement;
        (int code, JsonElement found) = await CapturedConsole.JsonAsync("data", "dedupe", path, "--out", copy);
        Assert.Equal((0, copy), (code, found.GetProperty("folder").GetString()));
        Assert.Equal(stats.GetProperty("leaks").GetProperty("pairs").EnumerateArray()
            .Select(pair => (pair.GetProperty("train").GetString(), pair.GetProperty("evaluation").GetString())).Order(),
            found.GetProperty("exactLeaks").EnumerateArray().Select(pair => (pair.GetProperty("train").GetString(), pair.GetProperty("held").GetString()))
                .Order());
        Assert.Equal(stats.GetProperty("duplicates").GetProperty("duplicate_rows").GetProperty("groups").EnumerateArray()
            .Select(group => string.Join(' ', BeaverTailsCases.Strings(group))),
            found.GetProperty("equalRows").EnumerateArray().Select(group => string.Join(' ', BeaverTailsCases.Strings(group))));

        (_, string output, _) = await CapturedConsole.RunAsync("data", "dedupe", path);
        string[] titles = [.. output.Split('\n').Where(line => line.Length > 0 && line[0] != ' ')];
        Assert.StartsWith("leaks:", titles[0]);
        Assert.StartsWith("near leaks:", titles[1]);
        Assert.Equal(6, titles.Length);

        int dropped = found.GetProperty("dropped").GetArrayLength();
        Assert.Equal(PreferenceDataset.Open(path).CountRows() - dropped, PreferenceDataset.Open(copy).CountRows());
        (code, JsonElement again) = await CapturedConsole.JsonAsync("data", "dedupe", copy);
        Assert.Equal(0, code);
        foreach (string kind in (string[])["exactLeaks", "nearLeaks", "equalRows", "dropped"]) Assert.Equal(0, again.GetProperty(kind).GetArrayLength());
        (code, _) = await CapturedConsole.JsonAsync("data", "validate", copy);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task ImagesThatCannotBeDecodedAreCountedAndNamed()
    {
        using TemporaryFolder folder = new();
        RgbImage image = new(2, 2, [.. Enumerable.Repeat((byte)9, 12)]);
        foreach ((string name, byte[] bytes) in ((string, byte[])[])[("good.png", PngBytes.Encode(image)), ("bad.png", [1, 2, 3])])
            File.WriteAllBytes(folder.At(name), bytes);
        File.WriteAllLines(folder.At("rows.jsonl"), ((string[])["good", "bad"]).Select(name =>
            $$"""{"question":"What is {{name}}?","image":"{{name}}.png","category":"animal_abuse","image_severity":1,"""
                + "\"response\":\"A thing.\",\"is_response_safe\":\"yes\"}"));
        (int code, JsonElement found) = await CapturedConsole.JsonAsync("data", "dedupe", folder.At("rows.jsonl"));
        Assert.Equal((0, 1), (code, found.GetProperty("unreadableImages").GetArrayLength()));
        (_, string output, _) = await CapturedConsole.RunAsync("data", "dedupe", folder.At("rows.jsonl"));
        Assert.StartsWith("rows with an image that cannot be decoded, of which only bytes and words are compared: 1\n  ", output);
    }

    [Theory, InlineData("--drop-near"), InlineData("--overwrite")]
    public async Task OptionsOfTheCopyNeedOne(string option)
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync("data", "dedupe", Golden.At("beavertails-v", "paired"), option);
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains($"{option} is for the copy that is written; name its folder with --out.", errors);
    }

    [Theory, InlineData("leak-exact", "exactLeaks", false), InlineData("leak-near", "nearLeaks", true)]
    public async Task LeaksOfBothKindsAreFoundAndNearOnesDroppedWhereAsked(string set, string kind, bool near)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(BeaverTailsCases.Root, "broken", set);
        (_, JsonElement found) = await CapturedConsole.JsonAsync(["data", "dedupe", path, "--out", folder.At("copy"),
            .. near ? (string[])["--drop-near"] : []]);
        Assert.NotEqual(0, found.GetProperty(kind).GetArrayLength());
        Assert.NotEqual(0, found.GetProperty("dropped").GetArrayLength());
        (int code, JsonElement report) = await CapturedConsole.JsonAsync("data", "validate", folder.At("copy"));
        Assert.Equal((0, 0), (code, report.GetProperty("findings").GetArrayLength()));
    }
}
