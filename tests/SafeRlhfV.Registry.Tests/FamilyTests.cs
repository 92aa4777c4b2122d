using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Registry.Tests;

[Collection(CommandLine.Name)]
public sealed class FamilyTests : IDisposable
{
    private const string Config = """
        {
          "model_type": "mosaic", "grid": 2, "tower_size": 8, "image_token_id": 826, "pad_token_id": 827, "eos_token_id": 2, "torch_dtype": "float32",
          "text_config": {
            "model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 4096, "vocab_size": 832
          }
        }
        """;

    private readonly TemporaryFolder folder = new();

    public FamilyTests()
    {
        Directory.CreateDirectory(folder.At("files"));
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json", "chat_template.json"])
            File.WriteAllBytes(folder.At("files", name), File.ReadAllBytes(Golden.At("models", "llava-1.5-tiny", name)));
        File.WriteAllText(folder.At("files", "preprocessor_config.json"), """{ "image_processor_type": "MosaicImageProcessor" }""");
        File.WriteAllText(folder.At("mosaic.json"), Config);
        CommandLine.Run("model", "init", "--config", folder.At("mosaic.json"), "--files-from", folder.At("files"), "--seed", "1", "--out", folder.At("model"));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ACheckpointIsLoadedAndSeesItsImage()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(folder.At("model"));
        Assert.IsType<MosaicModel>(model);
        ModelProcessor processor = ModelProcessor.Load(folder.At("model"));
        Tensor Logits(byte grey)
        {
            RgbImage image = RgbImage.Grey(8, 6, grey);
            EncodedPrompt prompt = processor.EncodePrompt([ChatTurn.User("What is this?", [image])]);
            ImageEmbeddings? images = model.EmbedImages(processor.Images.Batch([processor.Images.Process(image)]));
            Tensor ids_BL = tensor(prompt.Ids.Select(id => (long)id).ToArray()).view(1, -1);
            return model.Logits(model.Hidden(ids_BL, ones_like(ids_BL), images));
        }

        Assert.False(Logits(10).allclose(Logits(200)));
        Assert.True(Logits(10).allclose(Logits(10)));
    }

    [Fact]
    public void APlanCountsTheSizesThatTheModelHas()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(folder.At("model"));
        ModelShape shape = ModelShape.Of(model.Config);
        using ImageInputs inputs = ModelProcessor.Load(folder.At("model")).Images.Batch([ModelProcessor.Load(folder.At("model")).Images.Process(new RgbImage(4,
            4, new byte[48]))]);
        VisionFeatures features = model.EncodeImages(inputs);
        Assert.Equal(features.Hidden.numel(), shape.Patches * shape.Vision.FeatureWidth);
        Assert.Equal(inputs.PixelValues.numel() * 4, shape.PixelBytes);
        Assert.Equal(model.ProjectImages(features).Tokens_TH.shape[0], shape.ImageTokens);
        using JsonDocument plan = JsonDocument.Parse(CommandLine.Run("plan", "--config", Recipe(), "--gpu", "t4", "--json"));
        Assert.Equal(shape.Parameters, plan.RootElement.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void ItIsTrainedSavedLoadedAndAnswers()
    {
        CommandLine.Run("train", "sft", "--config", Recipe(), "--out", folder.At("run"));
        using (VisionLanguageModel before = ModelCheckpoint.Load(folder.At("model")), after = ModelCheckpoint.Load(folder.At("run", "result")))
        {
            Assert.IsType<MosaicModel>(after);
            Assert.False(before.Head.Weight.allclose(after.Head.Weight));
            Assert.True(before.VisionTowerParameters.Zip(after.VisionTowerParameters).All(pair => pair.First.allclose(pair.Second, 0, 0))); // frozen
        }
        string image = folder.At("image.png");
        File.WriteAllBytes(image, PngBytes.Encode(new RgbImage(8, 8, new byte[192])));
        using JsonDocument answer = JsonDocument.Parse(
            CommandLine.Run("generate", "--model", folder.At("run"), "--image", image, "--prompt", "What is this?", "--max-new-tokens", "4", "--json"));
        Assert.Equal(JsonValueKind.Object, answer.RootElement.ValueKind);
    }

    [Fact]
    public void TheMessageAboutAnUnknownFamilyNamesIt()
    {
        File.WriteAllText(folder.At("other.json"), Config.Replace("\"mosaic\"", "\"other\""));
        Assert.Contains("mosaic", CommandLine.Try("model", "init", "--config", folder.At("other.json"), "--out", folder.At("x")).Errors);
    }

    private string Recipe()
    {
        File.WriteAllText(folder.At("sft.yaml"), $"""
            trainer: sft
            model: {"{"} folder: {folder.At("model")} {"}"}
            data: {"{"} folder: {Golden.At("beavertails-v", "paired")} {"}"}
            training: {"{"} batch_size: 4, max_steps: 2, lengths: {"{"} response_tokens: 20, too_long: cut_response {"}"} {"}"}
            """);
        return folder.At("sft.yaml");
    }
}
