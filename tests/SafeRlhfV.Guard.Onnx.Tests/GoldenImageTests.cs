using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Onnx.Tests;

public sealed class GoldenImageTests
{
    public static TheoryData<string> Classifiers => GoldenOnnx.Cases("image-classification");

    public static TheoryData<string> Batches => GoldenOnnx.Cases("image-batch");

    public static TheoryData<string> Small => GoldenOnnx.Cases("small");

    [Theory, MemberData(nameof(Classifiers))]
    public async Task EveryImageGivesTheReferencesPixelsNumbersAndVerdict(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name), tolerance = wanted.GetProperty("tolerance");
        GoldenTensors tensors = GoldenOnnx.Tensors(name);
        using ImageScorer scorer = (ImageScorer)GoldenOnnx.Open(name);
        using OnnxModerator moderator = GoldenOnnx.Moderator(name);
        LabelMap map = LabelFile.Load(Golden.At("onnx", GoldenOnnx.Folder(name), "labels.yaml"), []).For(scorer.Labels);
        ClassifierImageProcessor processor = ClassifierImageProcessor.Load(Golden.At("onnx", GoldenOnnx.Folder(name)));
        LabelActivation activation = Enum.Parse<LabelActivation>(wanted.GetProperty("activation").GetString()!, ignoreCase: true);
        List<string> wrong = [];
        int row = 0, lossless = 0;
        foreach (JsonElement file in wanted.GetProperty("files").EnumerateArray())
        {
            string image = file.GetProperty("file").GetString()!;
            RgbImage dropped = ImageViews.Of(new EncodedImage(GoldenOnnx.Image(image), image))[0];
            bool isLossy = file.GetProperty("lossy").GetBoolean() || file.GetProperty("pil_mode").GetString()!.StartsWith("I;16", StringComparison.Ordinal);
            float[] logits = scorer.Logits([dropped], CancellationToken.None)[0], expected = GoldenOnnx.Row(tensors, "logits", row);
            double most = tolerance.GetProperty(isLossy ? "logits_from_lossy_file" : "logits_from_lossless_file").GetDouble();
            if (file.GetProperty("pil_mode").GetString()!.StartsWith("I;16", StringComparison.Ordinal)) { row++; continue; } // Pillow makes it white
            if (GoldenOnnx.Distance(expected, logits) is var off && off > most) wrong.Add($"{image}: numbers differ by {off}");
            if (!isLossy)
            {
                lossless++;
                double pixels = GoldenOnnx.Distance(GoldenOnnx.Row(tensors, "pixel_values", row), processor.Process(dropped).Values);
                if (pixels > tolerance.GetProperty("pixel_values").GetDouble()) wrong.Add($"{image}: pixels differ by {pixels}");
                double[] scores = activation.Apply(logits);
                double probabilities = GoldenOnnx.Distance(GoldenOnnx.Numbers(file.GetProperty("probabilities")), scores);
                if (probabilities > tolerance.GetProperty("probabilities").GetDouble()) wrong.Add($"{image}: probabilities differ by {probabilities}");
                if (GoldenOnnx.Fault(file.GetProperty("verdict"), map, scores) is { } fault) wrong.Add($"{image}: {fault}");

                // the moderator sees the image on white too, so it is at least as strict
                Verdict verdict = await moderator.ModerateAsync(new ModerationRequest([new EncodedImage(GoldenOnnx.Image(image), image)], ""),
                    TestContext.Current.CancellationToken);
                Severity severity = Enum.Parse<Severity>(file.GetProperty("verdict").GetProperty("severity").GetString()!, ignoreCase: true);
                if (verdict.Severity < severity || verdict.FindFault() is not null) wrong.Add($"{image}: the moderator says {verdict.Severity}");
            }
            row++;
        }
        foreach (string other in (string[])["on_white", "exif_ignored"])
        {
            foreach (JsonElement tensor in wanted.GetProperty("tensors").EnumerateArray())
            {
                string key = tensor.GetProperty("name").GetString()!;
                if (!key.StartsWith($"logits.{other}/", StringComparison.Ordinal)) continue;
                string image = key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
                RgbImage seen = ImageDecoder.Decode(GoldenOnnx.Image(image), other == "on_white" ? null
                    : new ImageDecodeOptions { Alpha = AlphaPolicy.Drop, ApplyOrientation = false });
                bool isLossy = wanted.GetProperty("files").EnumerateArray().First(file => file.GetProperty("file").GetString() == image)
                    .GetProperty("lossy").GetBoolean();
                double most = tolerance.GetProperty(isLossy ? "logits_from_lossy_file" : "logits_from_lossless_file").GetDouble();
                double off = GoldenOnnx.Distance(tensors.Floats(key), scorer.Logits([seen], CancellationToken.None)[0]);
                if (off > most) wrong.Add($"{key}: numbers differ by {off}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.True(lossless >= 5, $"only {lossless} lossless images");
    }

    [Theory, MemberData(nameof(Classifiers))]
    public async Task EveryBrokenImageIsAnErrorAndSoABlock(string name)
    {
        using OnnxModerator moderator = GoldenOnnx.Moderator(name);
        foreach (JsonElement file in GoldenOnnx.Case(name).GetProperty("bad_files").EnumerateArray())
        {
            ModerationRequest request = new([new EncodedImage(GoldenOnnx.Image(file.GetString()!), file.GetString())], "");
            await Assert.ThrowsAsync<InvalidInputException>(() => moderator.ModerateAsync(request, TestContext.Current.CancellationToken));
            Assert.NotNull((await moderator.FailClosed().ModerateAsync(request, TestContext.Current.CancellationToken)).Failure);
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void ABatchGivesWhatSingleImagesGive(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name);
        using ImageScorer scorer = (ImageScorer)GoldenOnnx.Open(name);
        float[] expected = GoldenOnnx.Tensors(name).Floats("logits");
        string[] files = [.. wanted.GetProperty("files").EnumerateArray().Select(file => file.GetString()!)];
        float[][] found = scorer.Logits([.. files.Select(file => ImageViews.Of(new EncodedImage(GoldenOnnx.Image(file), file))[0])], CancellationToken.None);
        double most = GoldenOnnx.Case($"{GoldenOnnx.Folder(name)}/{wanted.GetProperty("pixel_values_from").GetProperty("case").GetString()}")
            .GetProperty("tolerance").GetProperty("logits_from_lossy_file").GetDouble();
        Assert.InRange(GoldenOnnx.Distance(expected, [.. found.SelectMany(row => row)]), 0, most);

        // from the very same pixels: together as alone
        for (int i = 0; i < files.Length; i++)
        {
            float[] alone = scorer.Logits([ImageViews.Of(new EncodedImage(GoldenOnnx.Image(files[i]), files[i]))[0]], CancellationToken.None)[0];
            Assert.InRange(GoldenOnnx.Distance(alone, found[i]), 0, wanted.GetProperty("tolerance").GetProperty("logits").GetDouble());
        }
    }

    [Theory, MemberData(nameof(Small))]
    public void EveryFolderThatACarelessReaderGetsWrongIsReadRight(string name)
    {
        JsonElement wanted = GoldenOnnx.Case(name);
        foreach (JsonProperty folder in wanted.GetProperty("folders").EnumerateObject())
        {
            using ImageScorer scorer = (ImageScorer)OnnxScorer.Open(Golden.At("onnx", GoldenOnnx.Folder(name), folder.Name), new(), null);
            Assert.Equal(folder.Value.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!), scorer.Labels);
            EncodedImage[] images = [.. folder.Value.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("file").GetString()!)
                .Select(file => new EncodedImage(GoldenOnnx.Image(file), file))];
            LabelActivation activation = Enum.Parse<LabelActivation>(folder.Value.GetProperty("activation").GetString()!, ignoreCase: true);
            float[][] logits = scorer.Logits([.. images.Select(image => ImageViews.Of(image)[0])], CancellationToken.None);
            int i = 0;
            foreach (JsonElement file in folder.Value.GetProperty("files").EnumerateArray())
            {
                double most = wanted.GetProperty("tolerance").GetDouble();
                Assert.InRange(GoldenOnnx.Distance(GoldenOnnx.Numbers(file.GetProperty("logits")), logits[i].Select(value => (double)value)), 0, most);
                Assert.InRange(GoldenOnnx.Distance(GoldenOnnx.Numbers(file.GetProperty("probabilities")), activation.Apply(logits[i])), 0, most);
                double[] whole = scorer.Score([new ModerationRequest([images[i]], "")], CancellationToken.None)[0]!;
                for (int k = 0; k < whole.Length; k++) Assert.True(whole[k] >= activation.Apply(logits[i])[k] - 1e-6);
                i++;
            }
        }
    }
}
