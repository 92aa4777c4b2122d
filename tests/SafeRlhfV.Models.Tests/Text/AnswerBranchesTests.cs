using System.Text;
using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Answers that share a prompt's run have the states, and give the gradients, of answers that were run by themselves.</summary>
public sealed class AnswerBranchesTests
{
    private static readonly string[] First = ["The image shows a small cat.", "An assistant."], Second = ["I cannot tell.",
        "I am a model that answers questions about images."];

    [Theory]
    [MemberData(nameof(WantedColumnsTests.Models), MemberType = typeof(WantedColumnsTests))]
    public void TwoAnswersToAPromptAreAsIfRunApart(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        string folder = Golden.At("models", name);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32 });
        ModelProcessor processor = ModelProcessor.Load(folder);
        RgbImage image = ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", "cat.jpg")));
        EncodedPrompt[] prompts = [processor.EncodePrompt("What is in this image?", image), processor.EncodePrompt("Hello, who are you?", null)];
        int[][] answers = [.. First.Concat(Second).Select((answer, row) => processor.EncodeResponse(prompts[row % 2], answer).ToArray())];
        TokenBatch left = TokenBatch.PadLeft([.. prompts.Concat(prompts).Select(prompt => prompt.Ids)], processor.PadTokenId),
            right = TokenBatch.PadRight(answers, processor.PadTokenId);
        Tensor ids_RL = cat([left.Ids_BL, right.Ids_BL], 1), mask_RL = cat([left.Mask_BL, right.Mask_BL], 1), answered_RT1 = mask_RL.narrow(1,
            left.Ids_BL.shape[1] - 1, right.Ids_BL.shape[1] + 1);
        int promptLength = (int)left.Ids_BL.shape[1];
        using ImageInputs? once = processor.BatchImages(prompts), twice = processor.BatchImages([.. prompts, .. prompts]);

        foreach (bool checkpointing in (bool[])[false, true])
        {
            model.Decoder.GradientCheckpointing = checkpointing;
            (Tensor apart, Dictionary<string, Tensor> expected) = Run(() => model.Hidden(ids_RL, mask_RL, model.EmbedImages(twice), promptLength - 1));
            (Tensor shared, Dictionary<string, Tensor> actual) = Run(() => model.HiddenOfAnswers(ids_RL, mask_RL, promptLength, 2, model.EmbedImages(once)));
            Assert.Equal(apart.shape, shared.shape);
            Assert.True((apart - shared).abs().masked_fill(answered_RT1.logical_not().unsqueeze(-1), 0).max().item<float>() < 2e-5);
            Assert.Equal(expected.Keys, actual.Keys);
            foreach ((string parameter, Tensor gradient) in expected)
                Assert.True((gradient - actual[parameter]).abs().max().item<float>() <= 1e-4 * (1 + gradient.abs().max().item<float>()),
                    $"{parameter}, checkpointing {checkpointing}");
        }

        (Tensor States, Dictionary<string, Tensor> Gradients) Run(Func<Tensor> pass)
        {
            model.zero_grad();
            Tensor states = pass();
            states.masked_fill(answered_RT1.logical_not().unsqueeze(-1), 0).square().sum().backward();
            return (states.detach(), model.named_parameters().Where(pair => pair.parameter.grad is not null).ToDictionary(pair => pair.name,
                pair => pair.parameter.grad!.clone()));
        }
    }

    [Fact]
    public void ASlidingWindowIsCountedAlongEachAnswer()
    {
        const string Config = """
            {"model_type":"llava_next","image_token_index":63,"image_grid_pinpoints":[[28,28]],
             "text_config":{"model_type":"mistral","hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,"vocab_size":64,"sliding_window":4},
             "vision_config":{"hidden_size":16,"intermediate_size":16,"num_hidden_layers":1,"num_attention_heads":2,"image_size":28,"patch_size":14}}
            """;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelFactory.Create(ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(Config), "config.json")), 3,
            new Initialization { Deviation = 0.3 });
        // two prompts of five columns (one is shorter), three answers each of up to six
        Tensor prompts = tensor(new long[] { 1, 2, 3, 4, 5, 0, 0, 6, 7, 8 }).view(2, 5), answers = (arange(36, ScalarType.Int64) % 50 + 9).view(6, 6);
        Tensor ids = cat([prompts.repeat(3, 1), answers], 1), mask = ones_like(ids, ScalarType.Bool);
        foreach (int row in (int[])[1, 3, 5]) mask[row, TensorIndex.Slice(0, 2)] = false;
        mask[2, TensorIndex.Slice(8, 11)] = false;
        Tensor apart = model.Hidden(ids, mask, null, 4), shared = model.HiddenOfAnswers(ids, mask, 5, 3, null);
        Assert.True((apart - shared).abs().masked_fill(mask.narrow(1, 4, 7).logical_not().unsqueeze(-1), 0).max().item<float>() < 1e-5);
    }

    [Fact]
    public void EmptyAnswersLeaveThePromptsLastState()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        Tensor ids = arange(3, 13, ScalarType.Int64).view(2, 5).repeat(2, 1), mask = ones_like(ids, ScalarType.Bool);
        Assert.True((model.Hidden(ids, mask, null, 4) - model.HiddenOfAnswers(ids, mask, 5, 2, null)).abs().max().item<float>() < 1e-5);
    }
}
