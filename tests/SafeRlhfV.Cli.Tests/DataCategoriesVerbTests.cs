using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataCategoriesVerbTests
{
    [Fact]
    public async Task TheTaxonomyIsListed()
    {
        (int code, JsonElement document) = await CapturedConsole.JsonAsync("data", "categories");
        Assert.Equal(0, code);
        Assert.Equal(Taxonomy.Placements,
            document.GetProperty("categories").EnumerateArray()
                .Select(one => (one.GetProperty("category").GetString()!, one.GetProperty("domain").GetString()!)));
    }

    [Fact]
    public void TheDocumentationListsTheSame()
    {
        string docs = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "docs", "data.md"));
        Assert.Contains(string.Join('\n', Taxonomy.Placements.Select(one => $"| `{one.Category}` | {one.Domain} |")), docs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConversationsAreAnsweredAndScoredWhole()
    {
        using TemporaryFolder folder = new();
        DatasetMender.Write(Golden.At("formats", "multi", "flat"), folder.At("rows"));
        (int code, _, string errors) =
            await CapturedConsole.RunAsync("generate", "--model", Golden.At("models", "qwen2-vl-tiny"), "--data", folder.At("rows"), "--out",
                folder.At("answers.jsonl"), "--max-new-tokens", "2");
        Assert.True(code == 0, errors);
        DatasetRow row = PreferenceDataset.Open(folder.At("rows")).ReadRows().First(row => row.Images.Count > 1);
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", "qwen2-vl-tiny"));
        Assert.Equal(row.Images.Count, ModelArguments.Encode(processor, row, null).Images.Count);
    }
}
