using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Onnx.Tests;

/// <summary>The reference's cases of a kind, and how verdicts are compared.</summary>
internal static class GoldenOnnx
{
    /// <summary>All cases of a kind, as FOLDER/NAME.</summary>
    public static TheoryData<string> Cases(string kind) => [.. Directory.GetDirectories(Golden.At("onnx"))
        .Where(folder => Directory.Exists(Path.Combine(folder, "cases")))
        .SelectMany(folder => Directory.GetFiles(Path.Combine(folder, "cases"), "*.json"))
        .Where(file => Read(file).GetProperty("kind").GetString() == kind)
        .Select(file => $"{Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(file)))}/{Path.GetFileNameWithoutExtension(file)}")
        .Order(StringComparer.Ordinal)];

    public static JsonElement Case(string name) => Read(Golden.At("onnx", Folder(name), "cases", Name(name) + ".json"));

    public static GoldenTensors Tensors(string name) => new(Golden.At("onnx", Folder(name), "cases", Name(name) + ".safetensors"));

    /// <summary>The model of a case, opened as the moderator opens it.</summary>
    public static OnnxScorer Open(string name, string? file = null)
    {
        string folder = Golden.At("onnx", Folder(name)), labels = Path.Combine(folder, "labels.yaml");
        return OnnxScorer.Open(folder, new OnnxOptions { File = file }, File.Exists(labels) ? LabelFile.Load(labels, []) : null);
    }

    public static OnnxModerator Moderator(string name) => OnnxModerator.Load(Golden.At("onnx", Folder(name)));

    public static string Folder(string name) => name.Split('/')[0];

    public static byte[] Image(string file) => File.ReadAllBytes(Golden.At("images", file));

    public static float[] Row(GoldenTensors tensors, string name, int row)
    {
        int width = tensors.Shape(name)[1..].Aggregate(1, (product, size) => product * size);
        return tensors.Floats(name)[(row * width)..((row + 1) * width)];
    }

    public static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetDouble())];

    public static int[] Whole(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt32())];

    /// <summary>The largest difference; infinite where a number is none or the lengths differ.</summary>
    public static double Distance(IEnumerable<double> expected, IEnumerable<double> actual)
    {
        double[] one = [.. expected], other = [.. actual];
        if (one.Length != other.Length) return double.PositiveInfinity;
        double most = 0;
        for (int i = 0; i < one.Length; i++) most = double.IsNaN(other[i]) ? double.PositiveInfinity : Math.Max(most, Math.Abs(one[i] - other[i]));
        return most;
    }

    public static double Distance(float[] expected, float[] actual) => Distance(expected.Select(value => (double)value), actual.Select(value => (double)value));

    /// <summary>What is wrong with what was found of scores, or null.</summary>
    public static string? Fault(JsonElement expected, LabelMap map, double[] scores, Verdict? verdict = null)
    {
        string said = string.Join("; ", map.Find(scores).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key} {pair.Value.Severity} {pair.Value.Score:F3}"));
        string wanted = string.Join("; ", expected.GetProperty("categories").EnumerateObject().OrderBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => $"{one.Name} {SeverityOf(one.Value)} {one.Value.GetProperty("score").GetDouble():F3}"));
        if (said != wanted) return $"found '{said}' instead of '{wanted}'";
        verdict ??= map.Judge(scores, "test");
        Severity severity = SeverityOf(expected);
        bool isSame = verdict.IsUnsafe == expected.GetProperty("unsafe").GetBoolean() && verdict.Severity == severity && verdict.FindFault() is null
            && verdict.Flagged.Order(StringComparer.Ordinal).SequenceEqual(expected.GetProperty("categories").EnumerateObject().Select(one => one.Name)
                .Order(StringComparer.Ordinal));
        return isSame ? null : $"the verdict is {verdict.IsUnsafe} {verdict.Severity} [{string.Join(", ", verdict.Flagged)}]";
    }

    private static Severity SeverityOf(JsonElement element) => Enum.Parse<Severity>(element.GetProperty("severity").GetString()!, ignoreCase: true);

    private static string Name(string name) => name.Split('/')[1];

    private static JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;
}
