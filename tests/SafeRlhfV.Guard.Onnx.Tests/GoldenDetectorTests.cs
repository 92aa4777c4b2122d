using System.Security.Cryptography;
using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Onnx.Tests;

public sealed class GoldenDetectorTests
{
    public static TheoryData<string> Detectors => GoldenOnnx.Cases("detector");

    [Theory, MemberData(nameof(Detectors))]
    public async Task EveryImageGivesTheReferencesInputBoxesAndVerdict(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name), tolerance = wanted.GetProperty("tolerance");
        GoldenTensors tensors = GoldenOnnx.Tensors(name);
        string folder = Golden.At("onnx", GoldenOnnx.Folder(name));
        OnnxFile file = OnnxFile.Read(OnnxFile.Find(folder, null));
        using Detector detector = new(file, LabelNames.OfDetector(folder, file), Settings(wanted), threads: 0);
        Assert.Equal(wanted.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!), detector.Labels);
        using OnnxModerator moderator = GoldenOnnx.Moderator(name);
        LabelMap map = LabelFile.Load(Path.Combine(folder, "labels.yaml"), []).For(detector.Labels);
        List<string> wrong = [];
        int row = -1, exact = 0;
        foreach (JsonElement one in wanted.GetProperty("files").EnumerateArray())
        {
            row++;
            string image = one.GetProperty("file").GetString()!;
            bool isLossy = image.EndsWith(".jpg", StringComparison.Ordinal) || image == "webp-lossy.webp";
            if (image == "sixteen-bit.png") continue; // Pillow makes it white
            RgbImage seen = ImageViews.Of(new EncodedImage(GoldenOnnx.Image(image), image))[0];
            Letterbox fitted = detector.Fit(seen);
            string hash = Convert.ToHexStringLower(SHA256.HashData(fitted.Image.Pixels));
            if (one.TryGetProperty("left", out JsonElement left) && (left.GetInt32(), one.GetProperty("top").GetInt32()) != (fitted.Left, fitted.Top))
                wrong.Add($"{image}: lies at {fitted.Left}, {fitted.Top}");
            if (isLossy) continue;
            if (hash != one.GetProperty("input_sha256_u8").GetString())
            {
                // enlarging may differ by 1 in a thousandth of the values
                string key = Key(tensors, image);
                byte[] expected = key.Length == 0 ? [] : tensors.Bytes(key);
                int off = expected.Length == 0 ? int.MaxValue : expected.Zip(fitted.Image.Pixels).Count(pair => pair.First != pair.Second);
                if (off > fitted.Image.Pixels.Length / 500) wrong.Add($"{image}: {off} values of the input differ");
            }
            float[] output = detector.Run(fitted);
            double raw = tensors.Has("raw") ? GoldenOnnx.Distance(GoldenOnnx.Row(tensors, "raw", row), output) : 0;
            if (raw > tolerance.GetProperty("raw").GetDouble()) wrong.Add($"{image}: the numbers differ by {raw}");
            if (one.GetProperty("nearest_decision").GetDouble() < 1e-3) continue;
            exact++;
            CompareBoxes(one, detector.Detect(seen), detector.Labels, tolerance, image, wrong);
            if (!one.TryGetProperty("verdict", out JsonElement verdict)) continue;
            double[] scores = detector.Score([new ModerationRequest([seen], "")], CancellationToken.None)[0]!;
            Verdict judged = await moderator.ModerateAsync(new ModerationRequest([seen], ""), TestContext.Current.CancellationToken);
            if (GoldenOnnx.Fault(verdict, map, scores, judged) is { } fault) wrong.Add($"{image}: {fault}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Take(20)));
        Assert.True(exact >= 3, $"only {exact} images could be compared");
    }

    private static void CompareBoxes(JsonElement one, IReadOnlyList<DetectedBox> found, IReadOnlyList<string> labels, JsonElement tolerance, string image,
        List<string> wrong)
    {
        JsonElement[] boxes = [.. one.GetProperty("detections").EnumerateArray()];
        if (boxes.Length != found.Count) wrong.Add($"{image}: {found.Count} boxes instead of {boxes.Length}");
        foreach ((JsonElement box, DetectedBox ours) in boxes.Zip(found))
        {
            bool isCorner = box.TryGetProperty("box_xyxy", out JsonElement place);
            double[] numbers = isCorner ? [ours.X, ours.Y, ours.X + ours.Width, ours.Y + ours.Height] : [ours.X, ours.Y, ours.Width, ours.Height];
            double off = GoldenOnnx.Distance(GoldenOnnx.Numbers(isCorner ? place : box.GetProperty("box_float")), numbers);
            if (labels[ours.Label] != box.GetProperty("label").GetString() || Math.Abs(ours.Score - box.GetProperty("score").GetDouble())
                > tolerance.GetProperty("score").GetDouble() || off > tolerance.GetProperty("box_float").GetDouble())
                wrong.Add($"{image}: {labels[ours.Label]} {ours.Score} at {string.Join(", ", numbers)} instead of {box}");
        }
    }

    private static DetectorSettings Settings(JsonElement wanted)
    {
        JsonElement settings = wanted.GetProperty("settings");
        return new()
        {
            IsCentred = settings.GetProperty("letterbox").GetString() == "centred",
            PadValue = settings.TryGetProperty("pad_value", out JsonElement pad) ? pad.GetByte() : null,
            ScoreThreshold = settings.GetProperty("score_threshold").GetDouble(),
            Overlap = settings.GetProperty("nms_iou").GetDouble(),
            IsPerClass = settings.GetProperty("nms").GetString() == "per_class",
        };
    }

    private static string Key(GoldenTensors tensors, string image) =>
        ((string[])[$"input_u8/{image}", $"centred_u8/{image}"]).FirstOrDefault(tensors.Has) ?? "";
}
