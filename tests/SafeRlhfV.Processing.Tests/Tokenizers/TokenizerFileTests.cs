using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace SafeRlhfV.Processing.Tests;

/// <summary>What a tokenizer.json may hold, and what becomes of one that is broken.</summary>
public sealed class TokenizerFileTests
{
    private const string Json = """
        {
          "version": "1.0", "truncation": null, "padding": null,
          "added_tokens": [
            {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 7, "content": "<image>", "single_word": true, "lstrip": true, "rstrip": true, "normalized": true, "special": true}
          ],
          "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": true, "strip_right": true}, {"type": "StripAccents"}, {"type": "Prepend", "prepend": "a"},
            {"type": "Replace", "pattern": {"Regex": "b+"}, "content": "b"}]},
          "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithNext", "invert": false}, {"type": "Digits", "individual_digits": true}, {"type": "Punctuation", "behavior": "Isolated"},
            {"type": "Whitespace"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true}, {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}]},
          "post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}]},
          "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "ByteLevel"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}, {"type": "WordPiece", "prefix": "##", "cleanup": true}, {"type": "BPEDecoder", "suffix": "</w>"}]},
          "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": {"<s>": 0, "<unk>": 1, "a": 2, "b": 3, "ab": 4, "abb": 5, "Ġ": 6}, "merges": ["a b", ["ab", "b"]]}
        }
        """;

    private static readonly string[] Values =
    [
        "null", "true", "-1", "0", "3", "1e999", "99999999999999999999", "2147483647", "1.5", "\"\"", "\"x\"", "\"\\ud800\"", "\"a b c\"", "\"(((\"", "[]",
        "{}", "[null]", "[[[1]]]", "{\"type\": \"Sequence\"}", "{\"a\": 1}",
        new string('[', 60) + new string(']', 60), "[\"a\", \"q\"]", "{\"Regex\": \"(a+)+$\"}",
    ];

    [Fact]
    public void AFileWithEveryStepLoadsAndEncodes()
    {
        Tokenizer tokenizer = Load(Json);
        Assert.Equal(8, tokenizer.Size);
        Assert.Equal([0, 6, 1, 4], tokenizer.Encode("BBB"));
    }

    // transformers then cuts <s> and <image> into letters
    [Fact]
    public void SplittingOfSpecialTokensIsRefused()
    {
        TokenizerParts With(string flag) => TokenizerFile.Parse(Encoding.UTF8.GetBytes(Json), "tokenizer.json",
            ConfigReader.Parse(Encoding.UTF8.GetBytes($"{{\"split_special_tokens\":{flag}}}"), "tokenizer_config.json"));
        With("false");
        Assert.Contains("split_special_tokens", Assert.Throws<InvalidInputException>(() => With("true")).Message, StringComparison.Ordinal);
    }

    /// <summary>One value of the file changed, left out, or of another kind: it loads and works, or there is one clear line.</summary>
    [Fact]
    public void ABrokenValueIsOneClearError()
    {
        int loaded = 0, refused = 0;
        Gen.Select(Gen.Int[0, 10_000], Gen.OneOf(Values), Gen.Bool).Sample(
            (place, value, removes) =>
            {
                JsonNode root = JsonNode.Parse(Json)!;
                JsonNode[] nodes = [.. Nodes(root)];
                JsonNode chosen = nodes[place % nodes.Length];
                string broken = Replace(root, chosen, removes ? null : value);
                if (Survives(Encoding.UTF8.GetBytes(broken))) Interlocked.Increment(ref loaded);
                else Interlocked.Increment(ref refused);
            },
            iter: 3000);
        Assert.True(loaded > 50 && refused > 500, $"{loaded} loaded, {refused} refused");
    }

    [Fact]
    public void BrokenBytesAreOneClearError()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Json);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, whole.Length]).Sample(
            (place, value, end) =>
            {
                byte[] broken = [.. whole];
                broken[place] = value;
                Survives(broken);
                Survives(broken.AsSpan(0, end).ToArray());
            },
            iter: 1000);
    }

    [Theory]
    [InlineData("\"merges\": [\"a b\", [\"ab\", \"b\"]]", "\"merges\": [\"a z\"]", "model.merges[0] needs the token 'z'")]
    [InlineData("\"merges\": [\"a b\", [\"ab\", \"b\"]]", "\"merges\": [\"b a\"]", "model.merges[0] needs the token 'ba'")]
    [InlineData("\"unk_token\": \"<unk>\"", "\"unk_token\": \"<none>\"", "model.unk_token is '<none>'")]
    [InlineData("\"type\": \"BPE\"", "\"type\": \"Bigram\"", "model.type 'Bigram' is no model")]
    [InlineData("\"type\": \"NFKC\"", "\"type\": \"Nmt\"", "normalizer.normalizers[0].type 'Nmt' is no normalizer")]
    [InlineData("\"type\": \"Digits\"", "\"type\": \"UnicodeScripts\"", "pre_tokenizer.pretokenizers[1].type 'UnicodeScripts' is no pre-tokenizer")]
    [InlineData("\"type\": \"TemplateProcessing\"", "\"type\": \"TreeProcessing\"", "post_processor.processors[1].type 'TreeProcessing' is no post-processor")]
    [InlineData("\"type\": \"Fuse\"", "\"type\": \"CTC\"", "decoder.decoders[3].type 'CTC' is no decoder")]
    [InlineData("\"dropout\": null", "\"dropout\": 0.1", "model.dropout makes encoding random")]
    [InlineData("\"ids\": [0]", "\"ids\": [99]", "adds id 99, which no token has")]
    [InlineData("\"id\": 7", "\"id\": 9", "has id 9, where 7 follows")]
    [InlineData("\"id\": 7", "\"id\": 5", "which is that of 'abb'")]
    [InlineData("\"id\": 0, \"content\": \"<s>\"", "\"id\": 3, \"content\": \"<s>\"", "has id 3, but 0 elsewhere")]
    [InlineData("\"content\": \"<s>\"", "\"content\": \"<\\n\\u001b>\"", @"the added token '<\u000a\u001b>' has id 0")]
    [InlineData("\"b\": 3", "\"b\": 2", "gives 'a' and 'b' the same id 2")]
    [InlineData("\"b\": 3", "\"b\": 99999999", "gives 'b' no id")]
    [InlineData("\"Regex\": \"b+\"", "\"Regex\": \"(\"", "normalizer.normalizers[5].pattern.Regex is an expression that cannot be used here")]
    public void AnErrorNamesThePlace(string part, string replacement, string message)
    {
        Assert.Contains(part, Json);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => Load(Json.Replace(part, replacement)));
        Assert.StartsWith("tokenizer.json: ", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void TokensThatOnlyTheConfigNamesAreAdded()
    {
        ConfigReader config = ConfigReader.Parse(
            """{"added_tokens_decoder": {"0": {"content": "<s>"}, "8": {"content": "<pad>", "special": true}}}"""u8.ToArray(), "tokenizer_config.json");
        Tokenizer tokenizer = new(TokenizerFile.Parse(Encoding.UTF8.GetBytes(Json), "tokenizer.json", config));
        Assert.Equal((9, 8), (tokenizer.Size, tokenizer.IdOf("<pad>")));
        Assert.True(tokenizer.IsSpecial(8));
    }

    /// <summary>A merge can spell a special token out of a user's characters; where text is not trusted, it is left out.</summary>
    [Fact]
    public void MergesDoNotSpellSpecialTokensInUntrustedText()
    {
        string json = """
            {"added_tokens": [{"id": 5, "content": "<s>", "special": true, "normalized": true, "single_word": false, "lstrip": false, "rstrip": false}],
             "normalizer": {"type": "Prepend", "prepend": "_"},
             "model": {"type": "BPE", "vocab": {"<": 0, "s": 1, ">": 2, "_": 3, "s>": 4, "<s>": 5, "x": 6}, "merges": ["s >", "< s>"]}}
            """;
        Tokenizer tokenizer = Load(json);
        Assert.Equal([3, 6, 5], tokenizer.Encode("x<s>")); // as the reference engine has it
        Assert.Equal([3, 6, 0, 4], tokenizer.Encode("x<s>", parseSpecialTokens: false));
        Assert.Equal([5, 6], tokenizer.Encode([new("<s>", true), new("x", false)]));
        Assert.Equal([3, 0, 4, 6], tokenizer.Encode([new("<s>", false), new("x", true)]));
        Assert.Equal([3, 0, 4], tokenizer.Encode([new("<", false), new("s>", true)]));
    }

    /// <summary>
    /// Characters that vanish let their neighbours meet, and the mark of a word's end falls back to bytes with its character: as the reference engine has it.
    /// </summary>
    [Fact]
    public void UnknownCharactersVanishWhereThereIsNoUnknownToken()
    {
        Tokenizer dropping = Load("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3}, "merges": ["a b"]}}""");
        Assert.Equal([3, 2, 3], dropping.Encode("caxé😀bc"));
        Tokenizer marked =
            Load(
                """{"pre_tokenizer": {"type": "WhitespaceSplit"}, "model": {"type": "BPE", "byte_fallback": true, "end_of_word_suffix": "$", "vocab": {"a": 0, "a$": 1, "<0xC3>": 2, "<0xA9>": 3, "<0x24>": 4}, "merges": []}}""");
        Assert.Equal([0, 1, 0, 2, 3, 4], marked.Encode("aa aé"));
    }

    private static Tokenizer Load(string json) => new(TokenizerFile.Parse(Encoding.UTF8.GetBytes(json), "tokenizer.json"));

    private static bool Survives(byte[] json)
    {
        try
        {
            Tokenizer tokenizer = new(TokenizerFile.Parse(json, "tokenizer.json"));
            IReadOnlyList<int> ids = tokenizer.Encode(" aBb <s> ünd <image>, 42!");
            tokenizer.Encode("<s>x<image>", addSpecialTokens: false, parseSpecialTokens: false);
            tokenizer.Decode(ids, skipSpecialTokens: false);
            TokenStream stream = tokenizer.NewStream();
            foreach (int id in ids) stream.Push(id);
            stream.Finish();
            return true;
        }
        catch (InvalidInputException error)
        {
            Assert.DoesNotContain('\n', error.Message);
            return false;
        }
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode node) => node switch
    {
        JsonObject named => named.Where(entry => entry.Value is not null).SelectMany(entry => Nodes(entry.Value!)).Prepend(node),
        JsonArray list => list.Where(item => item is not null).SelectMany(item => Nodes(item!)).Prepend(node),
        _ => [node],
    };

    private static string Replace(JsonNode root, JsonNode chosen, string? value)
    {
        const string Mark = "@@here@@";
        if (chosen.Parent is null) return value ?? "";
        if (value is null && chosen.Parent is JsonObject parent)
        {
            parent.Remove(chosen.GetPropertyName());
            return root.ToJsonString();
        }
        chosen.ReplaceWith(Mark);
        return root.ToJsonString().Replace($"\"{Mark}\"", value ?? "null");
    }
}
