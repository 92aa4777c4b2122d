using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

public sealed class GoldenTokenizerTests
{
    public static TheoryData<string> Folders() =>
        [.. Directory.GetDirectories(Golden.At("tokenizers")).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Folders))]
    public void EveryTextGivesTheReferenceIdsAndComesBack(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(Golden.At("tokenizers", folder));
        int? bos = ConfigReader.Open(Golden.At("tokenizers", folder, "tokenizer_config.json")) is { } config && config.Has("bos_token")
            ? tokenizer.IdOf(config.Text("bos_token")) : null;
        List<string> wrong = [];
        foreach (JsonElement row in Rows(folder, "cases.jsonl"))
        {
            string text = row.GetProperty("text").GetString()!, group = row.GetProperty("group").GetString()!;
            int[] ids = Ids(row, "ids")!, special = Ids(row, "ids_special") ?? [.. bos is { } id ? new[] { id } : [], .. ids];
            string decoded = Text(row, "decoded") ?? text, skipped = Text(row, "decoded_skip") ?? decoded;
            Check(wrong, group, text, "ids", ids, tokenizer.Encode(text, addSpecialTokens: false));
            Check(wrong, group, text, "ids_special", special, tokenizer.Encode(text));
            Check(wrong, group, text, "decoded", decoded, tokenizer.Decode(ids, skipSpecialTokens: false));
            Check(wrong, group, text, "decoded_skip", skipped, tokenizer.Decode(ids));
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join("\n", wrong.Take(12))}");
    }

    [Theory, MemberData(nameof(Folders))]
    public void EveryRunOfIdsDecodesAsTheReferenceDoes(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(Golden.At("tokenizers", folder));
        List<string> wrong = [];
        foreach (JsonElement row in Rows(folder, "decode.jsonl"))
        {
            int[] ids = Ids(row, "ids")!;
            Check(wrong, "decode", string.Join(' ', ids), "decoded", Text(row, "decoded")!, tokenizer.Decode(ids, skipSpecialTokens: false));
            Check(wrong, "decode", string.Join(' ', ids), "decoded_skip", Text(row, "decoded_skip")!, tokenizer.Decode(ids));
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join("\n", wrong.Take(12))}");
    }

    /// <summary>Piece by piece; where the reference engine fails on its own stream, ours goes on and gives every whole character.</summary>
    [Theory, MemberData(nameof(Folders))]
    public void EveryStreamGivesTheReferencePieces(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(Golden.At("tokenizers", folder));
        List<string> wrong = [];
        foreach (JsonElement row in Rows(folder, "stream.jsonl"))
        {
            int[] ids = Ids(row, "ids")!;
            string?[] pieces = [.. row.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString())];
            TokenStream stream = tokenizer.NewStream(row.GetProperty("skip_special_tokens").GetBoolean());
            List<string?> ours = [.. ids.Select(stream.Push)];
            Check(wrong, "stream", string.Join(' ', ids), "pieces", string.Join('|', pieces.Select(piece => piece ?? "-")),
                string.Join('|', ours.Take(pieces.Length).Select(piece => piece ?? "-")));
            // the end completes the text, where the reference's own pieces are its beginning (a window may lose a space that the whole text has)
            string all = string.Concat(ours) + stream.Finish(), decoded = Text(row, "decoded")!;
            if (!row.TryGetProperty("library_error", out _) && decoded.StartsWith(string.Concat(pieces), StringComparison.Ordinal))
                Check(wrong, "stream", string.Join(' ', ids), "all of it", decoded, all);
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join("\n", wrong.Take(12))}");
    }

    private static IEnumerable<JsonElement> Rows(string folder, string file) =>
        File.ReadAllText(Golden.At("tokenizers", folder, file)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement);

    private static int[]? Ids(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement ids)
        ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : null;

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;

    private static void Check(List<string> wrong, string group, string text, string what, IReadOnlyList<int> expected, IReadOnlyList<int> actual) =>
        Check(wrong, group, text, what, string.Join(' ', expected), string.Join(' ', actual));

    private static void Check(List<string> wrong, string group, string text, string what, string expected, string actual)
    {
        if (expected != actual)
            wrong.Add(
                $"[{group}] {JsonSerializer.Serialize(text)} {what}:\n  {JsonSerializer.Serialize(expected)} expected\n  {JsonSerializer.Serialize(actual)}");
    }
}
