using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>A pass that is asked for its last columns alone gives the same states, and the same gradients, as one that gives all.</summary>
public sealed class WantedColumnsTests
{
    private static readonly LoadOptions Wide = new() { Dtype = ScalarType.Float32 };

    public static TheoryData<string> Models() =>
        [.. GoldenPrompts.Folders().Where(folder => Directory.EnumerateFiles(folder, "*.safetensors").Any()).Select(folder => Path.GetFileName(folder)!)];

    [Theory]
    [MemberData(nameof(Models))]
    public void StatesAndGradientsAreThoseOfTheWholePass(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        string folder = Golden.At("models", name);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, Wide);
        ModelProcessor processor = ModelProcessor.Load(folder);
        RgbImage cat = ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", "cat.jpg")));
        EncodedPrompt[] prompts = [processor.EncodePrompt("What is in this image?", cat), processor.EncodePrompt("Hello, who are you?", null)];
        TokenBatch batch = TokenBatch.PadLeft([.. prompts.Select(prompt => prompt.Ids)], processor.PadTokenId, CPU);
        using ImageInputs? images = processor.BatchImages(prompts);
        long columns = batch.Ids_BL.shape[1];
        ImageEmbeddings? Embeddings() => model.EmbedImages(images);

        using (no_grad())
        {
            Tensor all = model.Hidden(batch.Ids_BL, batch.Mask_BL, Embeddings());
            foreach (long from in (long[])[1, columns / 2, columns - 1])
            {
                Tensor some = model.Hidden(batch.Ids_BL, batch.Mask_BL, Embeddings(), from);
                Assert.Equal([2, columns - from, model.HiddenSize], some.shape);
                // columns of padding hold nothing
                Assert.True(Distance(all.narrow(1, from, columns - from), some, batch.Mask_BL.narrow(1, from, columns - from)) < 2e-5);
            }
        }

        long wanted = columns - 3;
        (string Name, Tensor Gradient)[] whole = Gradients(() => model.Hidden(batch.Ids_BL, batch.Mask_BL, Embeddings()).narrow(1, wanted, 3));
        foreach (bool checkpointing in (bool[])[false, true])
        {
            model.Decoder.GradientCheckpointing = checkpointing;
            (string Name, Tensor Gradient)[] part = Gradients(() => model.Hidden(batch.Ids_BL, batch.Mask_BL, Embeddings(), wanted));
            Assert.Equal(whole.Select(one => one.Name), part.Select(one => one.Name));
            foreach (((string parameter, Tensor expected), (_, Tensor actual)) in whole.Zip(part))
                Assert.True((expected - actual).abs().max().item<float>() <= 1e-4 * (1 + expected.abs().max().item<float>()),
                    $"{parameter}, checkpointing {checkpointing}");
        }

        (string, Tensor)[] Gradients(Func<Tensor> states)
        {
            model.zero_grad();
            states().square().sum().backward();
            return [.. model.named_parameters().Where(pair => pair.parameter.grad is not null).Select(pair => (pair.name, pair.parameter.grad!.clone()))];
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WithACacheTheNextTokenSeesEveryColumn(bool grouped)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", grouped ? "llava-1.5-tiny-gqa" : "llava-1.5-tiny"), Wide);
        Tensor ids = arange(3, 15, ScalarType.Int64).view(2, 6), mask = ones_like(ids, ScalarType.Bool);
        mask[1, 0] = false;
        (Tensor positions, _) = model.Positions(ids, mask, []);
        Tensor whole = model.Hidden(ids, mask, positions, null);
        using KeyValueCache cache = model.NewCache(2, 6);
        Tensor last = model.Hidden(ids.narrow(1, 0, 5), mask.narrow(1, 0, 5), positions.narrow(1, 0, 5), null, cache, from: 4);
        Tensor next = model.Hidden(ids.narrow(1, 5, 1), mask, positions.narrow(1, 5, 1), null, cache);
        Assert.True(Distance(whole.narrow(1, 4, 2), cat([last, next], 1), mask.narrow(1, 4, 2)) < 1e-5);
    }

    private static float Distance(Tensor expected, Tensor actual, Tensor mask) =>
        (expected - actual).abs().masked_fill(mask.logical_not().unsqueeze(-1), 0).max().item<float>();
}
