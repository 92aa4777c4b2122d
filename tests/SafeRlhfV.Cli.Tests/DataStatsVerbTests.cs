using System.Text.Json;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataStatsVerbTests
{
    [Fact]
    public async Task TheDocumentIsThatOfTheGoldenSet()
    {
        (int code, JsonElement actual) = await CapturedConsole.JsonAsync("data", "stats", Golden.At("beavertails-v", "paired"));
        Assert.Equal(0, code);
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(Golden.At("beavertails-v", "stats.json"))).RootElement;
        foreach (JsonProperty part in expected.EnumerateObject().Where(part => part.Name != "definitions"))
            Assert.True(JsonElement.DeepEquals(part.Value, actual.GetProperty(part.Name)), part.Name);
    }

    // a zero would look like a finding
    [Theory]
    [InlineData("sft", "", "image_severity label_balance harmless_rate")]
    [InlineData("dpo", "more_helpful_response_id",
        "image_severity label_balance harmless_rate helpful_rate safe_label_vs_rate safer_response_id helpful_preference_vs_rates safer_preference_vs_rates "
            + "generators")]
    [InlineData("cost", "label_balance safer_response_id",
        "image_severity harmless_rate helpful_rate safe_label_vs_rate more_helpful_response_id safer_preference_vs_rates more_helpful_is_safer generators")]
    public async Task WhatTheColumnsCannotSayIsLeftOut(string trainer, string there, string absent)
    {
        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, MinimalSet.Columns[trainer]);
        (_, JsonElement stats) = await CapturedConsole.JsonAsync("data", "stats", file);
        string[] keys = [.. stats.GetProperty("overall").EnumerateObject().Select(part => part.Name)];
        Assert.Empty(keys.Intersect(absent.Split(' ')));
        Assert.Equal(there.Split(' ', StringSplitOptions.RemoveEmptyEntries), keys.Intersect(there.Split(' ')));
        (int code, string output, _) = await CapturedConsole.RunAsync("data", "stats", file, "--html", folder.At("stats.html"));
        Assert.Equal(0, code);
        Assert.DoesNotContain("severity", output);
        Assert.DoesNotContain("everity", File.ReadAllText(folder.At("stats.html")));
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public async Task PeopleGetATableAndAPageWithCharts(string set)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(BeaverTailsCases.Root, set), page = folder.At("stats.html");
        (_, JsonElement stats) = await CapturedConsole.JsonAsync("data", "stats", path);
        (int code, string output, _) = await CapturedConsole.RunAsync("data", "stats", path, "--html", page);
        JsonElement overall = stats.GetProperty("overall"), labels = overall.GetProperty("label_balance");
        Assert.Equal(0, code);
        Assert.StartsWith($"{path}: {overall.GetProperty("rows")} rows, {overall.GetProperty("responses")} answers, ", output);
        Assert.Contains($"safe: {labels.GetProperty("yes")} · unsafe: {labels.GetProperty("no")}", output);
        Assert.EndsWith(page, output.TrimEnd());
        string text = File.ReadAllText(page);
        foreach (JsonProperty category in stats.GetProperty("by_category").EnumerateObject()) Assert.Contains($"<th scope=\"row\">{category.Name} ", text);
        Assert.True(text.Split("<svg").Length - 1 >= 5);
        Assert.Equal([page], Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
