using System.Text;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

public sealed class WordLevelTokenizerTests
{
    // the shape of the demo world's file
    private const string Json = """
        {
          "version": "1.0", "truncation": null, "padding": null,
          "added_tokens": [
            {"id": 0, "content": "<pad>", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true},
            {"id": 1, "content": "<s>", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true},
            {"id": 2, "content": "<image>", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true},
            {"id": 3, "content": "<unk>", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true}
          ],
          "normalizer": null,
          "pre_tokenizer": {"type": "WhitespaceSplit"},
          "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
          },
          "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": false},
          "model": {"type": "WordLevel", "vocab": {"<pad>": 0, "<s>": 1, "<image>": 2, "<unk>": 3, "USER:": 4, "red": 5, "circle": 6, "ASSISTANT:": 7}, "unk_token": "<unk>"}
        }
        """;

    private static Tokenizer Load() => new(TokenizerFile.Parse(Encoding.UTF8.GetBytes(Json), "tokenizer.json"));

    [Fact]
    public void WordsBecomeIdsAndComeBackWithSpacesBetween()
    {
        Tokenizer tokenizer = Load();
        Assert.Equal([1, 4, 2, 5, 3, 6, 7], tokenizer.Encode("USER: <image>\nred  square circle ASSISTANT:"));
        Assert.Equal([5], tokenizer.Encode("red", addSpecialTokens: false));
        Assert.Equal([1], tokenizer.Encode(" "));
        Assert.Equal("red circle", tokenizer.Decode([1, 5, 6, 0, 99]));
        Assert.Equal("<s> red", tokenizer.Decode([1, 5], skipSpecialTokens: false));
        Assert.Equal((8, 6, (int?)null, "circle"), (tokenizer.Size, tokenizer.IdOf("circle"), tokenizer.IdOf("square"), tokenizer.TokenOf(6)));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenOf(8));
    }

    [Fact]
    public void AUsersImageTokenStaysText()
    {
        Tokenizer tokenizer = Load();
        Assert.Equal([4, 3, 5], tokenizer.Encode("USER: <image> red", addSpecialTokens: false, parseSpecialTokens: false));
        Assert.Equal([4, 2, 3, 5], tokenizer.Encode([new("USER: <image>", true), new("<image>", false), new(" red", true)], addSpecialTokens: false));
        // not even half of it
        Assert.Equal([3], tokenizer.Encode([new("<im", false), new("age>", true)], addSpecialTokens: false));
    }

    [Fact]
    public void StreamingGivesWordByWord()
    {
        TokenStream stream = Load().NewStream();
        Assert.Equal([null, "red", " circle"], new[] { 1, 5, 6 }.Select(stream.Push));
    }

    [Fact]
    public void TheFolderNeedsTheFile()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("tokenizer.json: no such file", Assert.Throws<InvalidInputException>(() => Tokenizer.Load(folder.Path)).Message);
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), Json);
        Assert.Equal([1, 5], Tokenizer.Load(folder.Path).Encode("red"));
    }
}
