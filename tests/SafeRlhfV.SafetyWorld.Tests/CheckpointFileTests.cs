using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.SafetyWorld.Tests;

public sealed class CheckpointFileTests
{
    [Fact]
    public void TheTokenizerHoldsTheVocabulary()
    {
        JsonNode tokenizer = JsonNode.Parse(WorldCheckpointFiles.Files["tokenizer.json"])!;
        Assert.Equal(Vocabulary.Tokens, tokenizer["model"]!["vocab"]!.AsObject().OrderBy(entry => (int)entry.Value!).Select(entry => entry.Key));
        Assert.Equal(Vocabulary.Tokens.Take(5), tokenizer["added_tokens"]!.AsArray().Select(token => (string)token!["content"]!));
        JsonNode config = JsonNode.Parse(WorldCheckpointFiles.Files["config.json"])!;
        Assert.Equal(Vocabulary.Tokens.Count, (int)config["text_config"]!["vocab_size"]!);
        Assert.Equal(Vocabulary.IdOf("<image>"), (int)config["image_token_index"]!);
    }

    /// <summary>Transformers passes over a key it does not know without a word, so each of ours must occur in a checkpoint that it wrote or loads.</summary>
    [Theory]
    [InlineData("config.json")]
    [InlineData("preprocessor_config.json")]
    [InlineData("processor_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("chat_template.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("tokenizer.json")]
    public void EveryKeyIsOneThatReferenceCheckpointsHave(string file)
    {
        HashSet<string> known = [];
        foreach (string folder in Directory.EnumerateDirectories(Golden.At("models")))
        {
            string path = Path.Combine(folder, file);
            if (!File.Exists(path)) continue;
            JsonNode node = JsonNode.Parse(File.ReadAllText(path))!;
            known.UnionWith(Keys(node));
        }
        Assert.NotEmpty(known);
        known.UnionWith(["num_key_value_heads", "prefix", "cleanup", "pattern"]); // a field of every Llama config, and the WordPiece decoder's
        Assert.Empty(Keys(JsonNode.Parse(WorldCheckpointFiles.Files[file])!).Except(known));
    }

    [Fact]
    public void WritingMakesTheFolderAndSaysInOneLineWhereItCannot()
    {
        using TemporaryFolder folder = new();
        WorldCheckpointFiles.Write(folder.At("a", "b"));
        Assert.Equal(WorldCheckpointFiles.Files.Keys.Order(), Directory.EnumerateFiles(folder.At("a", "b")).Select(file => Path.GetFileName(file)!).Order());
        Assert.Throws<InvalidInputException>(() => WorldCheckpointFiles.Write(folder.At("a", "b", "config.json")));
    }

    /// <summary>Names of all objects' fields, but for dictionaries keyed by tokens or ids.</summary>
    private static IEnumerable<string> Keys(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(field =>
            field.Key is "vocab" or "added_tokens_decoder" or "special_tokens" ? [field.Key] : Keys(field.Value).Prepend(field.Key)),
        JsonArray items => items.SelectMany(Keys),
        _ => [],
    };
}
