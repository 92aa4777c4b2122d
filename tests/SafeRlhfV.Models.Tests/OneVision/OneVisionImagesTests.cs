using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class OneVisionImagesTests
{
    private static readonly string Folder = Golden.At("models", "llava-onevision-tiny");

    [Fact]
    public void AnImageIsTilesWhereItIsAloneAndOneTileWhereItIsOneOfSeveral()
    {
        ModelProcessor processor = ModelProcessor.Load(Folder);
        RgbImage image = GoldenPictures.Noise((90, 40, 1)), other = GoldenPictures.Noise((40, 90, 2));
        ChatTurn[] first = [ChatTurn.User("What is it?", image)], whole = [.. first, ChatTurn.Assistant("A cup."), ChatTurn.User("And?", other)];
        EncodedPrompt alone = processor.EncodePrompt(first), both = processor.EncodePrompt(whole), again = processor.EncodePrompt(first);
        Assert.True(alone.Images[0].Geometry.Rows > 1);
        Assert.Equal([1, 1], both.Images.Select(one => one.Geometry.Rows));
        Assert.Equal([10, 10], both.Images.Select(one => one.Geometry.Tokens));
        Assert.Equal(alone.Images[0].Pixels, again.Images[0].Pixels);
        Assert.Equal(both.Ids, processor.MeasurePrompt(whole,
            [.. new[] { image, other }.Select(one => processor.Images.ForImages(2).Measure(one.Width, one.Height))]).Ids);
    }

    [Fact]
    public void ABatchOfBothKindsGivesEachImageTheTokensThatItHasByItself()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        ImageProcessor processor = ModelProcessor.Load(Folder).Images, single = processor.ForImages(3);
        RgbImage image = GoldenPictures.Noise((200, 90, 3));
        ProcessedImage[] images = [single.Process(image), processor.Process(image), single.Process(GoldenPictures.Noise((1, 64, 4))),
            processor.Process(GoldenPictures.Noise((1, 64, 5)))];
        Tensor together = model.EmbedImages(processor.Batch(images))!.Tokens_TH;
        Tensor apart = cat([.. images.Select(one => model.EmbedImages(processor.Batch([one]))!.Tokens_TH)], 0);
        Assert.Equal(images.Sum(one => one.Geometry.Tokens), together.shape[0]);
        Assert.True((together - apart).abs().max().item<float>() < 1e-5f);
    }

    [Fact]
    public void AVideoTokenInAUsersTextStaysText()
    {
        ModelProcessor processor = ModelProcessor.Load(Folder);
        EncodedPrompt prompt = processor.EncodePrompt("Is <video> or <image> a tag?", null);
        Assert.DoesNotContain(processor.Tokenizer.IdOf("<video>")!.Value, prompt.Ids);
        Assert.DoesNotContain(processor.Model.ImageTokenId, prompt.Ids);
    }
}
