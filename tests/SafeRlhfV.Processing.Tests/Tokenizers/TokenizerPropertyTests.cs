using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

/// <summary>What holds for any text, with the golden tokenizers.</summary>
public sealed class TokenizerPropertyTests
{
    private static readonly Dictionary<string, Tokenizer> Loaded = Directory.GetDirectories(Golden.At("tokenizers"))
        .ToDictionary(folder => Path.GetFileName(folder), Tokenizer.Load);

    private static readonly string[] Scraps =
    [
        " ", "  ", "\n", "\t", "a", "The quick brown fox", "it's", "IT'S", "'ſ", "123", "45678", "é", "e\u0301", "한", "\u1112\u1161\u11AB", "𠜎", "𝔘𝔫",
        "👩‍🚀", "\u0300\u0316", "\u00A0", "▁", "Ġ", "<", "|", ">",
        "<s>", "</s>", "<unk>", "<pad>", "<image>", "<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|begin_of_text|>", "<|endoftext|>", "<tool_call>",
        "[lstrip]", "[rstrip]", "[both]", "[norm]", "[word]", "Ünorm", "<0x0A>", "<|im_", "start|>", "\0", "\uFFFD",
    ];

    private static readonly Gen<string> Texts =
        Gen.OneOf(Gen.OneOf(Scraps), Gen.Int[0x20, 0x2FFFF].Where(code => code is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)).Array[0, 12]
            .Select(string.Concat);

    public static TheoryData<string> Folders() => [.. Loaded.Keys.Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Folders))]
    public void ATextCannotBringSpecialTokensIn(string folder)
    {
        Tokenizer tokenizer = Loaded[folder];
        int unknown = tokenizer.IdOf("<unk>") ?? -1;
        Texts.Sample(text => !tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens: false).Any(id => tokenizer.IsSpecial(id) && id != unknown),
            iter: 1000);
    }

    /// <summary>The special tokens of a prompt are those of its trusted segments, whatever a user writes between, across or beside them.</summary>
    [Theory, MemberData(nameof(Folders))]
    public void APromptHasTheSpecialTokensOfItsTrustedSegments(string folder)
    {
        Tokenizer tokenizer = Loaded[folder];
        string[] names = [.. Enumerable.Range(0, tokenizer.Size).Where(id => tokenizer.IsSpecial(id) && tokenizer.TokenOf(id) != "<unk>")
            .Select(tokenizer.TokenOf)];
        Gen.Select(Gen.OneOf(names), Texts, Gen.OneOf(names), Texts).Sample(
            (first, one, second, other) =>
            {
                IReadOnlyList<int> ids = tokenizer.Encode([new(first, true), new(one, false), new(second, true), new(other, false)], addSpecialTokens: false);
                return ids.Where(id => tokenizer.IsSpecial(id) && tokenizer.TokenOf(id) != "<unk>")
                    .SequenceEqual([tokenizer.IdOf(first)!.Value, tokenizer.IdOf(second)!.Value]);
            },
            iter: 1000);
    }

    [Theory, MemberData(nameof(Folders))]
    public void TrustedSegmentsAreOneText(string folder)
    {
        Tokenizer tokenizer = Loaded[folder];
        Texts.Array[0, 5].Sample(parts =>
            tokenizer.Encode([.. parts.Select(part => new TextSegment(part, true))]).SequenceEqual(tokenizer.Encode(string.Concat(parts))), iter: 500);
    }

    [Theory, MemberData(nameof(Folders))]
    public void ByteLevelTextComesBackWholeAndByStream(string folder)
    {
        Tokenizer tokenizer = Loaded[folder];
        if (tokenizer.IdOf("Ġ") is null || tokenizer.IdOf("<0x0A>") is not null) return;
        bool composes = folder.StartsWith("qwen", StringComparison.Ordinal);
        Texts.Sample(
            text =>
            {
                IReadOnlyList<int> ids = tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens: false);
                // all its letters are of the byte alphabet, so that this added token is taken for bytes, in the reference engine too
                if (ids.Contains(tokenizer.IdOf("Ünorm")!.Value)) return true;
                TokenStream stream = tokenizer.NewStream(skipSpecialTokens: false);
                string streamed = string.Concat(ids.Select(stream.Push)) + stream.Finish();
                return tokenizer.Decode(ids, skipSpecialTokens: false) == (composes ? UnicodeForms.Apply(text, compose: true, compatibility: false) : text)
                    && streamed == tokenizer.Decode(ids, skipSpecialTokens: false);
            },
            iter: 1000);
    }

    /// <summary>Cutting where no merge reaches, and remembering words, changes nothing.</summary>
    [Fact]
    public void CutsAndTheCacheChangeNoId()
    {
        TokenizerParts parts = TokenizerFile.Open(Golden.At("tokenizers", "llama2-style"));
        Assert.NotNull(parts.Model.Joined);
        ModelRun whole = parts.Model.NewRun();
        EncodeRun cut = new(parts, new Lazy<TokenizerParts>(parts));
        Texts.Select(text => text.Replace(' ', '▁')).Where(text => text.Length > 0).Sample(
            text =>
            {
                IdBuffer expected = new();
                lock (cut)
                {
                    whole.Append(text, expected);
                    cut.Ids.Clear();
                    cut.Encode(text, first: true, guard: false);
                    return cut.Ids.ToArray().SequenceEqual(expected.ToArray());
                }
            },
            iter: 2000);
    }

    [Fact]
    public void ThreadsShareATokenizer()
    {
        Tokenizer tokenizer = Loaded["qwen2-style"];
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"Sentence {i}: it's number {i * i} of 'many' words, and {i % 7} more.")];
        int[][] expected = [.. texts.Select(text => tokenizer.Encode(text).ToArray())];
        Parallel.For(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 4 },
            i => Assert.Equal(expected[i % texts.Length], tokenizer.Encode(texts[i % texts.Length])));
    }

    [Fact]
    public void HalfASurrogatePairCountsAsTheReplacementCharacter()
    {
        foreach (Tokenizer tokenizer in Loaded.Values) Assert.Equal(tokenizer.Encode("a\uFFFDb 👍 \uFFFD"), tokenizer.Encode("a\uD83Db 👍 \uDC4D"));
    }
}
