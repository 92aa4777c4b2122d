using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataInspectVerbTests
{
    public static IEnumerable<TheoryDataRow<string>> Sets => [.. BeaverTailsCases.GoodFolders, .. BeaverTailsCases.GoodFiles,
        .. BeaverTailsCases.JsonlFiles.Where(file => !file.Data.EndsWith("metadata.jsonl", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Sets))]
    public async Task ItTellsWhatIsInADataSet(string set)
    {
        string path = Path.Combine(BeaverTailsCases.Root, set);
        PreferenceDataset data = PreferenceDataset.Open(path);
        (int code, JsonElement shown) = await CapturedConsole.JsonAsync("data", "inspect", path, "--rows", $"{data.Parts.Count}");
        Assert.Equal(0, code);
        Assert.Equal(data.CountRows(), shown.GetProperty("rows").GetInt64());
        Assert.Equal(data.Layout.ToString().ToLowerInvariant(), shown.GetProperty("layout").GetString());
        Assert.Equal(data.Parts.Select(part => (part.Config, part.Split, part.Files.Count, data.CountRows(part.Split, part.Config))),
            shown.GetProperty("parts").EnumerateArray()
                .Select(part => (part.GetProperty("config").GetString()!, part.GetProperty("split").GetString()!, part.GetProperty("files").GetArrayLength(),
                    part.GetProperty("rows").GetInt64())));
        Assert.Equal(data.ExtraColumns, BeaverTailsCases.Strings(shown.GetProperty("extraColumns")));

        // one row of each part: the preview shows what the whole is like
        DatasetRow[] first = [.. data.Parts.Select(part => data.ReadRows(part.Split, part.Config).First())];
        JsonElement[] preview = [.. shown.GetProperty("preview").EnumerateArray()];
        Assert.Equal(first.Select(row => row.Text("question")), preview.Select(row => row.GetProperty("question").GetString()));
        Assert.Equal(first.Select(row => row.Integer("image_severity")), preview.Select(row => row.GetProperty("image_severity").GetInt64() as long?));
        Assert.Equal(first.Select(row => row.Image?.Bytes?.Length),
            preview.Select(row => row.GetProperty("image") is { ValueKind: JsonValueKind.Object } image ? image.GetProperty("bytes").GetInt32() : (int?)null));
    }

    [Fact]
    public async Task PeopleSeeTheSameAsWords()
    {
        string path = Golden.At("beavertails-v", "paired");
        (int code, string output, _) =
            await CapturedConsole.RunAsync("data", "inspect", path, "--split", "train", "--config", "false_information", "--rows", "2");
        Assert.Equal(0, code);
        foreach (DatasetRow row in PreferenceDataset.Open(path).ReadRows("train", "false_information").Take(2))
        {
            Assert.Contains($"{row.Position} ", output);
            Assert.Contains(row.Image is null ? "image: none" : $"{row.Image.Bytes!.Length} bytes", output);
            Assert.Contains($"response_1_harmless_rate: {row.Integer("response_1_harmless_rate")}", output);
        }
        Assert.DoesNotContain("false_information/train/2 ", output);
        Assert.DoesNotContain("animal_abuse/train/0", output);
        (_, output, _) = await CapturedConsole.RunAsync("data", "inspect", path, "--rows", "0");
        Assert.DoesNotContain("question:", output);
    }

    [Fact]
    public async Task ConversationsAreShownMessageByMessageAndOnlyTheColumnsThatAreThere()
    {
        string path = Golden.At("formats", "multi", "paired-jsonl", "train.jsonl");
        (int code, string output, string errors) = await CapturedConsole.RunAsync("data", "inspect", path, "--rows", "200");
        Assert.True(code == 0, errors);
        foreach (DatasetRow row in PreferenceDataset.Open(path).ReadRows()
            .Where(row => row.Messages is { Count: > 1 } && row.Images.Count > 1
                && RowRules.Check(row).All(finding => finding.Severity != FindingSeverity.Error)))
        {
            foreach (ConversationMessage message in row.Messages!.Where(message =>
                message.Text.Length is > 0 and < 100 && !message.Text.Contains('\n', StringComparison.Ordinal)))
                Assert.Contains(
                    $"{message.Role.ToString().ToLowerInvariant()}: {string.Concat(message.Parts.Select(part => part.Text ?? $"[image {part.Image + 1}]"))}",
                    output, StringComparison.Ordinal);
            Assert.Contains("image 2: ", output, StringComparison.Ordinal);
        }
        Assert.Contains("messages messages", output, StringComparison.Ordinal);
        (_, JsonElement shown) = await CapturedConsole.JsonAsync("data", "inspect", path, "--rows", "200");
        Assert.Contains(shown.GetProperty("preview").EnumerateArray(),
            row => row.GetProperty("messages").ValueKind == JsonValueKind.Array && row.GetProperty("images").GetArrayLength() > 1);

        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, MinimalSet.Columns["sft"]);
        (_, output, _) = await CapturedConsole.RunAsync("data", "inspect", file);
        Assert.Contains("columns: question text, image image, response text\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("is_response_safe: null", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APageShowsRowsOfEveryConfigurationAndSplit()
    {
        using TemporaryFolder folder = new();
        string path = Golden.At("beavertails-v", "paired"), page = folder.At("new", "rows.html");
        PreferenceDataset data = PreferenceDataset.Open(path);
        (int code, JsonElement shown) = await CapturedConsole.JsonAsync("data", "inspect", path, "--html", page, "--rows", "20");
        Assert.Equal((0, page), (code, shown.GetProperty("html").GetString()));
        string text = File.ReadAllText(page);
        Assert.Equal(20, text.Split("\"id\":\"").Length - 1);
        Assert.Contains($"20 of {data.CountRows()} rows", text);
        Assert.All(data.Parts, part => Assert.Contains($"\"id\":\"{part.Config}/{part.Split}/0\"", text));
        Assert.Equal([page], Directory.EnumerateFileSystemEntries(folder.At("new")));
    }
}
