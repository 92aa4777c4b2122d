using System.Text.Json;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Onnx.Tests;

public sealed class GoldenTextTests
{
    public static TheoryData<string> Texts => GoldenOnnx.Cases("text-classification");

    public static TheoryData<string> Batches => GoldenOnnx.Cases("text-batch");

    public static TheoryData<string> Windows => GoldenOnnx.Cases("text-windows");

    public static TheoryData<string> Pairs => GoldenOnnx.Cases("text-pairs");

    [Theory, MemberData(nameof(Texts))]
    public async Task EveryTextGivesTheReferencesIdsNumbersAndVerdict(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name), tolerance = wanted.GetProperty("tolerance");
        JsonElement texts = wanted.TryGetProperty("texts_from", out JsonElement other)
            ? GoldenOnnx.Case($"{GoldenOnnx.Folder(name)}/{other.GetString()}").GetProperty("texts")
            : wanted.GetProperty("texts");
        GoldenTensors tensors = GoldenOnnx.Tensors(name);
        using TextScorer scorer = (TextScorer)GoldenOnnx.Open(name, wanted.GetProperty("onnx").GetString());
        using OnnxModerator moderator = GoldenOnnx.Moderator(name);
        LabelMap map = LabelFile.Load(Golden.At("onnx", GoldenOnnx.Folder(name), "labels.yaml"), []).For(scorer.Labels);
        LabelActivation activation = Enum.Parse<LabelActivation>(wanted.GetProperty("activation").GetString()!, ignoreCase: true);
        Assert.Equal(wanted.GetProperty("max_length").GetInt32(), scorer.Encoder.MaxLength);
        List<string> wrong = [];
        int row = 0;
        foreach (JsonElement one in texts.EnumerateArray())
        {
            string text = one.GetProperty("text").GetString()!, shown = JsonSerializer.Serialize(text[..Math.Min(60, text.Length)]);
            int[] ids = GoldenOnnx.Whole(one.GetProperty("ids"));
            IReadOnlyList<TokenSequence> windows = scorer.Encoder.Encode(text);
            if (!windows[0].Ids.SequenceEqual(ids)) wrong.Add($"{shown}: ids {string.Join(' ', windows[0].Ids)} instead of {string.Join(' ', ids)}");
            if (scorer.Encoder.Content(text).Length + 2 != one.GetProperty("tokens_untruncated").GetInt32()) wrong.Add($"{shown}: another number of tokens");
            float[] logits = scorer.Logits([windows[0]], CancellationToken.None)[0];
            double off = GoldenOnnx.Distance(GoldenOnnx.Row(tensors, "logits", row), logits);
            if (off > tolerance.GetProperty("logits").GetDouble()) wrong.Add($"{shown}: numbers differ by {off}");
            if (other.ValueKind == JsonValueKind.Undefined)
            {
                double[] scores = activation.Apply(logits);
                double probabilities = GoldenOnnx.Distance(GoldenOnnx.Numbers(one.GetProperty("probabilities")), scores);
                if (probabilities > tolerance.GetProperty("probabilities").GetDouble()) wrong.Add($"{shown}: probabilities differ by {probabilities}");
                Verdict? verdict = windows.Count > 1 ? null
                    : await moderator.ModerateAsync(new ModerationRequest("another question", text), TestContext.Current.CancellationToken);
                if (GoldenOnnx.Fault(one.GetProperty("verdict"), map, scores, verdict) is { } fault) wrong.Add($"{shown}: {fault}");
            }
            row++;
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join("\n", wrong.Take(12))}");
        Assert.True(row > 0);
    }

    [Theory, MemberData(nameof(Batches))]
    public void ABatchGivesWhatSingleTextsGive(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name), texts = GoldenOnnx.Case($"{GoldenOnnx.Folder(name)}/texts").GetProperty("texts");
        using TextScorer scorer = (TextScorer)GoldenOnnx.Open(name, wanted.GetProperty("onnx").GetString());
        TokenSequence[] windows = [.. GoldenOnnx.Whole(wanted.GetProperty("text_rows"))
            .Select(row => scorer.Encoder.Encode(texts[row].GetProperty("text").GetString()!)[0])];
        float[][] found = scorer.Logits(windows, CancellationToken.None);
        GoldenTensors tensors = GoldenOnnx.Tensors(name);
        Assert.InRange(GoldenOnnx.Distance(tensors.Floats("logits"), [.. found.SelectMany(row => row)]), 0,
            wanted.GetProperty("tolerance").GetProperty("logits").GetDouble());
        int width = tensors.Shape("input_ids")[1];
        long[] ids = tensors.Longs("input_ids"), types = tensors.Has("token_type_ids") ? tensors.Longs("token_type_ids") : [];
        for (int row = 0; row < windows.Length; row++)
        {
            Assert.Equal(ids.Skip(row * width).Take(windows[row].Ids.Length).Select(id => (int)id), windows[row].Ids);
            if (types.Length > 0) Assert.Equal(types.Skip(row * width).Take(windows[row].Ids.Length).Select(id => (int)id), windows[row].Types);
            Assert.All(ids.Skip(row * width + windows[row].Ids.Length).Take(width - windows[row].Ids.Length), id => Assert.Equal(scorer.Encoder.PadId, id));
        }
    }

    [Theory, MemberData(nameof(Windows))]
    public async Task ALongTextIsJudgedInTheReferencesWindows(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name), tolerance = wanted.GetProperty("tolerance");
        GoldenTensors tensors = GoldenOnnx.Tensors(name);
        using TextScorer scorer = (TextScorer)GoldenOnnx.Open(name, wanted.GetProperty("onnx").GetString());
        using OnnxModerator moderator = GoldenOnnx.Moderator(name);
        LabelMap map = LabelFile.Load(Golden.At("onnx", GoldenOnnx.Folder(name), "labels.yaml"), []).For(scorer.Labels);
        foreach (JsonElement one in wanted.GetProperty("texts").EnumerateArray())
        {
            string text = one.GetProperty("text").GetString()!;
            int tokens = scorer.Encoder.Content(text).Length, size = wanted.GetProperty("max_length").GetInt32() - 2;
            Assert.Equal(one.GetProperty("content_tokens").GetInt32(), tokens);
            Assert.Equal(one.GetProperty("windows").EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())),
                TextEncoder.Windows(tokens, size, wanted.GetProperty("overlap").GetInt32()));
            IReadOnlyList<TokenSequence> windows = scorer.Encoder.Encode(text);
            Assert.Equal(one.GetProperty("windows").GetArrayLength(), windows.Count);
            int[] first = GoldenOnnx.Whole(one.GetProperty("first_ids")), last = GoldenOnnx.Whole(one.GetProperty("last_ids"));
            Assert.Equal(first, windows[0].Ids.Take(first.Length));
            Assert.Equal(last, windows[^1].Ids.TakeLast(last.Length));
            float[][] logits = scorer.Logits(windows, CancellationToken.None);
            for (int i = 0; i < logits.Length; i++)
                Assert.InRange(GoldenOnnx.Distance(GoldenOnnx.Row(tensors, "logits", one.GetProperty("first_row").GetInt32() + i), logits[i]), 0,
                    2 * tolerance.GetProperty("logits").GetDouble()); // windows of a text run as a batch
            ModerationRequest request = new(text);
            double[] scores = scorer.Score([request], CancellationToken.None)[0]!;
            Assert.InRange(GoldenOnnx.Distance(GoldenOnnx.Numbers(one.GetProperty("max_probabilities")), scores), 0,
                2 * tolerance.GetProperty("probabilities").GetDouble());
            Verdict verdict = await moderator.ModerateAsync(request, TestContext.Current.CancellationToken);
            Assert.Null(GoldenOnnx.Fault(one.GetProperty("verdict"), map, scores, verdict));
        }
    }

    [Theory, MemberData(nameof(Pairs))]
    public void APairGivesTheReferencesIdsAndTypes(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name);
        using TextScorer scorer = OpenForPairs(name);
        GoldenTensors tensors = GoldenOnnx.Tensors(name);
        int row = 0;
        foreach (JsonElement pair in wanted.GetProperty("pairs").EnumerateArray())
        {
            TokenSequence first = scorer.Encoder.Encode(pair.GetProperty("text").GetString()!, pair.GetProperty("text_pair").GetString()!)[0];
            Assert.Equal(GoldenOnnx.Whole(pair.GetProperty("ids")), first.Ids);
            Assert.Equal(GoldenOnnx.Whole(pair.GetProperty("token_type_ids")), first.Types);
            Assert.InRange(GoldenOnnx.Distance(GoldenOnnx.Row(tensors, "logits", row++), scorer.Logits([first], CancellationToken.None)[0]), 0, 1e-4);
        }
    }

    [Theory, MemberData(nameof(Pairs))]
    public void EveryPartOfALongPairIsJudged(string name)
    {
        using TextScorer scorer = OpenForPairs(name);
        string question = string.Join(' ', Enumerable.Range(0, 90).Select(i => $"safe{i}"));
        string answer = string.Join(' ', Enumerable.Range(0, 90).Select(i => $"used{i}"));
        int[] asked = scorer.Encoder.Content(question), said = scorer.Encoder.Content(answer);
        IReadOnlyList<TokenSequence> windows = scorer.Encoder.Encode(question, answer);
        Assert.All(windows, window => Assert.True(window.Ids.Length <= scorer.Encoder.MaxLength));
        foreach ((int[] ids, int type) in new[] { (asked, 0), (said, 1) })
            for (int i = 0; i + 4 <= ids.Length; i++)
                Assert.Contains(windows, window => Holds(window, ids.AsSpan(i, 4), type));
    }

    // two long texts take more windows than the folder's own file allows
    private static TextScorer OpenForPairs(string name)
    {
        string folder = Golden.At("onnx", GoldenOnnx.Folder(name));
        LabelFile labels = LabelFile.Load(Path.Combine(folder, "labels.yaml"), []);
        return (TextScorer)OnnxScorer.Open(folder, new(), labels with { Text = labels.Text with { MaxWindows = 1024, IsPair = true } });
    }

    private static bool Holds(TokenSequence window, ReadOnlySpan<int> ids, int type)
    {
        int at = window.Ids.AsSpan().IndexOf(ids);
        for (; at >= 0; at = window.Ids.AsSpan(at + 1).IndexOf(ids) is var next and >= 0 ? at + 1 + next : -1)
            if (window.Types[at] == type) return true;
        return false;
    }
}
