using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class InternVlImagesTests
{
    private static readonly string Folder = Golden.At("models", "internvl3-tiny");

    [Fact]
    public void TilesAreCutWhateverTheFileSaysAndOnlyACallerTurnsThatOff()
    {
        ModelConfig config = ModelConfig.Load(Folder);
        RgbImage image = GoldenPictures.Noise((90, 40, 1));
        ProcessedImage tiled = ImageProcessor.Load(Folder, config).Process(image);
        ProcessedImage one = ImageProcessor.Load(Folder, config, new JsonObject { ["crop_to_patches"] = false }).Process(image);
        Assert.Equal((3, 12), (tiled.Geometry.Rows, tiled.Geometry.Tokens)); // two tiles and the whole image
        Assert.Equal((1, 4), (one.Geometry.Rows, one.Geometry.Tokens));
        Assert.Equal(one.Pixels, tiled.Pixels[^one.Pixels.Length..]);
    }

    [Fact]
    public void WhatAnImageTakesInTheTextIsBetweenItsOwnTokensAndAUsersAreText()
    {
        ModelProcessor processor = ModelProcessor.Load(Folder);
        int start = processor.Tokenizer.IdOf("<img>")!.Value, end = processor.Tokenizer.IdOf("</img>")!.Value, image = processor.Model.ImageTokenId;
        EncodedPrompt prompt = processor.EncodePrompt("<img><IMG_CONTEXT></img> <video> What is it?", GoldenPictures.Noise((90, 40, 1)));
        int at = Array.IndexOf(prompt.Ids, start);
        Assert.Equal([start, .. Enumerable.Repeat(image, 12), end], prompt.Ids[at..(at + 14)]);
        Assert.Equal((1, 12, 1), (prompt.Ids.Count(id => id == start), prompt.Ids.Count(id => id == image), prompt.Ids.Count(id => id == end)));
        Assert.All(prompt.Ids, id => Assert.InRange(id, 0, 510)); // that of <video> has no row in the embedding table
        Assert.Equal("<|im_start|>user\n<IMG_CONTEXT>\n<img><IMG_CONTEXT></img> <video> What is it?<|im_end|>\n<|im_start|>assistant\n", prompt.Text);
        int[] answer = processor.EncodeResponse(prompt, "A cup. <IMG_CONTEXT>");
        Assert.DoesNotContain(image, answer);
        Assert.Equal("A cup. <IMG_CONTEXT>", processor.DecodeResponse(answer));
    }

    [Theory]
    [InlineData("processor_config.json", "image_seq_length", "16")]
    [InlineData("processor_config.json", "image_seq_length", null)]
    [InlineData("preprocessor_config.json", "size", """{ "height": 28, "width": 42 }""")]
    [InlineData("preprocessor_config.json", "size", """{ "height": 35, "width": 35 }""")]
    [InlineData("preprocessor_config.json", "size", null)]
    [InlineData("preprocessor_config.json", "do_resize", "false")]
    [InlineData("preprocessor_config.json", "do_center_crop", "true")]
    [InlineData("preprocessor_config.json", "max_patches", "0")]
    [InlineData("preprocessor_config.json", "image_processor_type", "\"CLIPImageProcessor\"")]
    public void AProcessorThatDoesNotGoWithTheModelIsRefusedByItsField(string file, string field, string? value)
    {
        using TemporaryFolder copy = new();
        foreach (string path in Directory.EnumerateFiles(Folder).Where(path => Path.GetExtension(path) is ".json" or ".jinja" or ".txt"))
            File.Copy(path, copy.At(Path.GetFileName(path)));
        JsonObject root = JsonNode.Parse(File.ReadAllText(copy.At(file)))!.AsObject();
        if (value is null) root.Remove(field);
        else root[field] = JsonNode.Parse(value);
        File.Delete(copy.At(file));
        File.WriteAllText(copy.At(file), root.ToJsonString());
        Assert.Contains(field, Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(copy.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1, 300, 200, 1, 1)]
    [InlineData(3, 2, 300, 200, 1, 1)] // no grid has at least three tiles and at most two
    [InlineData(2, 6, 28, 28, 2, 2)] // one tile would have the same proportions, but is too few
    [InlineData(1, 4, 28, 28, 1, 1)] // of equal proportions the larger one covers more than twice the image
    [InlineData(1, 4, 50, 50, 2, 2)] // and here less
    [InlineData(1, 12, 4000, 10, 12, 1)]
    public void TheGridIsTheOneOfTheNearestProportions(int least, int most, int width, int height, int columns, int rows) =>
        Assert.Equal((columns, rows), new AspectGrid(28, least, most).Of(width, height));
}
