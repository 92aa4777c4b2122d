using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class JsonFileTests
{
    [Theory]
    [InlineData("[{\"a\": 1}, {\"a\": 2}]", "{a:1} {a:2}")]
    [InlineData("\ufeff\n [{\"a\": \"]}\\\"[\"},\n{\"a\": [1, {}]}\n]\n\n", "{a:]}\"[} {a:[1,{}]}")]
    [InlineData("{\"a\": 1}\r\n\n  \n{\"a\": 2}", "{a:1} {a:2}")]
    [InlineData("[1, 2]\n{\"a\": 1}\n", "not-object {a:1}")] // lines whose first is an array
    [InlineData("[{\"a\": 1}]\n{\"a\": 2}\n", "not-object {a:2}")]
    [InlineData("null\n{\"a\": 1}\nnull\n", "not-object {a:1} not-object")]
    [InlineData("null", "")]
    [InlineData("[]", "")]
    [InlineData("[null, {\"a\": 1}]", "not-object {a:1}")]
    [InlineData("", "")]
    [InlineData("[{\"a\": 1}, {\"a\": }, {\"a\": 3}]", "{a:1} bad-json {a:3}")]
    [InlineData("[{\"a\": 1},\n {\"a\": \"cut", "{a:1} bad-json")]
    [InlineData("[{\"a\": 1}, {\"a\": 2}", "{a:1} {a:2} bad-json")] // cut behind an element
    [InlineData("[{\"a\": 1},\n", "{a:1} bad-json")]
    [InlineData("[", "bad-json")]
    [InlineData("{\"a\": 1, \"a\": 2}\n{\"a\": NaN, \"b\": -Infinity}", "{a:2} {a:NaN,b:-Infinity}")]
    [InlineData("{\"a\": 01}\n{\"a\": 1.}\n{\"a\": .5}\n{\"a\": '1'}\n{\"a\": 1,}\n{\"a\": tru}\n{\"a\"}\n{\"a\": 1} x\n{\"a\": \"\t\"}",
        "bad-json bad-json bad-json bad-json bad-json bad-json bad-json bad-json bad-json")]
    [InlineData("{\"a\": 12345678901234567890, \"b\": 1e400, \"c\": -0.5e-1}", "{a:1.2345678901234567E+19,b:Infinity,c:-0.05}")]
    [InlineData("{\"a\": \"\\ud83d\\ude42 \\u4e2d \\/\\b\\f\\n\\r\\t\\\\\"}", "{a:🙂 中 /\b\f\n\r\t\\}")]
    [InlineData("{\"a\": \"\u2028\u0085\"}\n{\"a\": 2}", "{a:\u2028\u0085} {a:2}")] // neither ends a line
    public void ReadsArraysAndLines(string text, string expected)
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "rows.json");
        File.WriteAllText(file, text);
        Assert.Equal(expected, string.Join(' ', JsonFile.Read(file).Select(row => row.Fault ?? Show(row.Value))));
        Assert.Equal(Enumerable.Range(0, JsonFile.Read(file).Count()).Select(row => (long)row), JsonFile.Read(file).Select(row => row.Row));
    }

    [Fact]
    public void ReadsWhatADifferentWriterWrote() => Gen.Select(Value(3).List[1, 40], Gen.Bool, Gen.Bool).Sample((rows, isArray, indented) =>
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "rows.json");
        JsonSerializerOptions options = new() { WriteIndented = isArray && indented };
        string[] objects = [.. rows.Select(row => JsonSerializer.Serialize(new Dictionary<string, object?> { ["v"] = row }, options))];
        File.WriteAllText(file, isArray ? $"[{string.Join(indented ? ",\n" : ",", objects)}]" : string.Join('\n', objects));
        Assert.Equal(rows.Select(Show), JsonFile.Read(file).Select(row => Show(row.Value!["v"])));
    });

    [Fact]
    public void ARecordLongerThanTheBufferIsRead()
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "rows.jsonl"), text = new('x', 300_000);
        File.WriteAllText(file, $"{{\"a\": \"{text}\"}}\n{{\"a\": \"{text}\"}}");
        Assert.Equal([text, text], JsonFile.Read(file).Select(row => row.Value!["a"]));
        File.WriteAllText(file, $"[{{\"a\": \"{text}\"}}, {{\"a\": \"{text}\"}}]");
        Assert.Equal([text, text], JsonFile.Read(file).Select(row => row.Value!["a"]));
    }

    [Fact]
    public void NestingIsBounded() => Assert.False(LenientJson.TryParse(new string('[', 100_000), out _));

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public void ACutCompressedFileIsNamed(string ending)
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "rows.jsonl" + ending);
        using (FileStream stream = File.Create(file))
        using (Stream packed = ending == ".gz" ? new GZipStream(stream, CompressionLevel.Optimal) : new ZstdSharp.CompressionStream(stream))
            for (int i = 0; i < 20_000; i++) packed.Write(Encoding.UTF8.GetBytes($"{{\"a\": \"{i * 7919 % 10007}\"}}\n"));
        Assert.Equal(20_000, JsonFile.Read(file).Count());
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^200]);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => JsonFile.Read(file).Count());
        Assert.Contains("rows.jsonl" + ending, error.Message, StringComparison.Ordinal);
    }

    private static Gen<object?> Value(int depth)
    {
        Gen<object?> plain = Gen.OneOf(Gen.String.Where(SourceText.IsValid).Select(text => (object?)text), Gen.Long.Select(number => (object?)number),
            Gen.Bool.Select(flag => (object?)flag), Gen.Const((object?)null));
        return depth == 0 ? plain : Gen.OneOf(plain, Value(depth - 1).List[0, 4].Select(list => (object?)list),
            Gen.Dictionary(Gen.String.Where(SourceText.IsValid), Value(depth - 1))[0, 4].Select(map => (object?)map));
    }

    private static string Show(object? value) => value switch
    {
        null => "null",
        List<object?> list => $"[{string.Join(',', list.Select(Show))}]",
        IReadOnlyDictionary<string, object?> map => $"{{{string.Join(',', map.Select(pair => $"{pair.Key}:{Show(pair.Value)}"))}}}",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };
}
