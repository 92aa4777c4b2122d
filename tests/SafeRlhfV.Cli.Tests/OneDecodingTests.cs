using System.Text.Json;
using Microsoft.Extensions.AI;
using SafeRlhfV.Data;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;
using SkiaSharp;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class OneDecodingTests
{
    // A phone's photo lies sideways in the file and says so; training once saw it so, and generate upright.
    [Fact]
    public async Task TrainingGenerationAndLocalClientsSeeAPhonePhotoAsItsUprightTwin()
    {
        string model = Golden.At("models", "qwen2-vl-tiny");
        using TemporaryFolder folder = new();
        using SKBitmap sideways = Drawing();
        byte[] lying = Png(sideways), photo = ExifFiles.WithOrientation(lying, "PNG", 6, little: true);
        RgbImage turned = ImageDecoder.Decode(photo);
        using SKBitmap standing = new(turned.Width, turned.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int y = 0, at = 0; y < turned.Height; y++)
            for (int x = 0; x < turned.Width; x++, at += 3)
                standing.SetPixel(x, y, new SKColor(turned.Pixels[at], turned.Pixels[at + 1], turned.Pixels[at + 2]));
        byte[] upright = Png(standing);
        Assert.Equal((16, 24), (turned.Width, turned.Height));

        ModelProcessor processor = ModelProcessor.Load(model);
        SampleEncoder encoder = new(processor, new LengthLimits());
        float[] Trained(byte[] file) => encoder.Encode(Row(folder, file).ToRecord(), "red")!.Single().Images!.Images.Single().Pixels;
        float[] Generated(byte[] file) => ModelArguments.Encode(processor, Row(folder, file), null).Images.Single().Pixels;
        Assert.Equal(Trained(upright), Trained(photo));
        Assert.NotEqual(Trained(upright), Trained(lying));
        Assert.Equal(Trained(photo), Generated(photo));
        Assert.Equal(Generated(upright), Generated(photo));

        using LocalChatClient client = LocalChatClient.Load(model);
        async Task<string> Answer(byte[] file) => (await client.GetResponseAsync(
            [new ChatMessage(Microsoft.Extensions.AI.ChatRole.User, [new DataContent(file, "image/png"), new TextContent("What is it?")])],
            new ChatOptions { Temperature = 0, MaxOutputTokens = 12 })).Text;
        Assert.Equal(await Answer(upright), await Answer(photo));
    }

    [Fact]
    public async Task AnImageThatAFamilyRefusesIsFoundByValidateAndNamedByTrainersAndGenerate()
    {
        using TemporaryFolder folder = new();
        using SKBitmap wide = new(804, 4, SKColorType.Rgba8888, SKAlphaType.Opaque);
        wide.Erase(SKColors.DarkRed);
        DatasetRow row = Row(folder, Png(wide));
        string file = folder.At("rows.jsonl"), model = Golden.At("models", "qwen2-vl-tiny");

        (int code, JsonElement report) = await CapturedConsole.JsonAsync("data", "validate", file);
        JsonElement finding = report.GetProperty("findings").EnumerateArray().Single(one => one.GetProperty("code").GetString() == Fault.ImageProportions);
        Assert.Equal((0, "warning", 0), (code, finding.GetProperty("severity").GetString(), finding.GetProperty("row").GetInt32()));
        foreach (string family in (string[])["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "804 x 4", "200 times"])
            Assert.Contains(family, finding.GetProperty("what").GetString());
        Assert.Equal(CliHost.CheckFailed, (await CapturedConsole.JsonAsync("data", "validate", file, "--family", "qwen3_vl")).Code);
        (code, report) = await CapturedConsole.JsonAsync("data", "validate", file, "--family", "llava");
        Assert.Equal((0, 0), (code, report.GetProperty("findings").GetArrayLength()));
        await CapturedConsole.RefusedAsync(["--family llava2", "qwen2_5_vl"], "data", "validate", file, "--family", "llava2");

        string trained = Assert.Throws<InvalidInputException>(() =>
            new SampleEncoder(ModelProcessor.Load(model), new LengthLimits()).Encode(row.ToRecord(), "red")).Message;
        Assert.StartsWith($"{file}: row 0: the image is 804 x 4 pixels", trained);
        await CapturedConsole.RefusedAsync([$"{file}: row 0: the image is 804 x 4 pixels"], "generate", "--model", model, "--data", file, "--out",
            folder.At("answers.jsonl"));
    }

    // One cache of vision features may serve two data sets (PPO's prompts and its instructions), whose rows have the same places.
    [Fact]
    public void RowsAtTheSamePlaceOfTwoDataSetsDoNotShareVisionFeatures()
    {
        using TemporaryFolder one = new(), other = new();
        using SKBitmap drawing = Drawing(), plain = new(24, 16, SKColorType.Rgba8888, SKAlphaType.Opaque);
        plain.Erase(SKColors.Navy);
        SampleEncoder encoder = new(ModelProcessor.Load(Golden.At("models", "qwen2-vl-tiny")), new LengthLimits());
        DatasetRow first = Row(one, Png(drawing)), second = Row(other, Png(plain));
        Assert.Equal($"{first.Position}", $"{second.Position}");
        Assert.NotEqual(encoder.Encode(first.ToRecord(), "x")![0].Images!.Key, encoder.Encode(second.ToRecord(), "x")![0].Images!.Key);
        Assert.Equal(encoder.Encode(first.ToRecord(), "x")![0].Images!.Key, encoder.Encode(first.ToRecord(), "y")![0].Images!.Key);
    }

    private static SKBitmap Drawing()
    {
        SKBitmap bitmap = new(24, 16, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(SKColors.White);
        bitmap.Erase(SKColors.DarkRed, new SKRectI(0, 0, 12, 8));
        return bitmap;
    }

    private static byte[] Png(SKBitmap bitmap)
    {
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static DatasetRow Row(TemporaryFolder folder, byte[] image)
    {
        File.WriteAllText(folder.At("rows.jsonl"), JsonSerializer.Serialize(new
        {
            question = "What is it?",
            image = $"data:image/png;base64,{Convert.ToBase64String(image)}",
            category = "animal_abuse",
            image_severity = 1,
            response = "red",
            is_response_safe = "yes",
        }));
        return PreferenceDataset.Open(folder.At("rows.jsonl")).ReadRows().Single();
    }
}
