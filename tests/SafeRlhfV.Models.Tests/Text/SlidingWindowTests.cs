using System.Text;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class SlidingWindowTests
{
    // one layer of three sees three columns back, so a change reaches no further than that
    private const string Config = """
        {"model_type":"llava_next","image_token_index":63,"image_grid_pinpoints":[[28,28]],
         "text_config":{"model_type":"mistral","hidden_size":32,"intermediate_size":48,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"vocab_size":64,"sliding_window":3},
         "vision_config":{"hidden_size":16,"intermediate_size":16,"num_hidden_layers":1,"num_attention_heads":2,"image_size":28,"patch_size":14}}
        """;

    private static VisionLanguageModel Model() => ModelFactory.Create(ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(Config), "config.json")), 3,
        new Initialization { Deviation = 0.3 });

    [Fact]
    public void ATokenSeesItsWindowAndNoFurther()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = Model();
        Tensor ids = arange(1, 9, ScalarType.Int64).view(1, 8), changed = ids.clone(), mask = ones_like(ids, ScalarType.Bool);
        changed[0, 2] = 40;
        Tensor difference = (model.Hidden(ids, mask, null) - model.Hidden(changed, mask, null)).abs().amax([0, 2]);
        Assert.Equal([false, false, true, true, true, false, false, false], difference.gt(1e-6).data<bool>().ToArray());
    }

    [Fact]
    public void DecodingWithACacheGivesTheHiddenStatesOfTheWholePass()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = Model();
        Tensor ids = tensor(new long[] { 0, 0, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8 }).view(2, 8);
        Tensor mask = tensor(new[] { false, false, true, true, true, true, true, true, true, true, true, true, true, true, true, true }).view(2, 8);
        (Tensor positions, _) = model.Positions(ids, mask, []);
        Tensor whole = model.Hidden(ids, mask, positions, null);
        using KeyValueCache cache = model.NewCache(2, 8);
        Tensor prompt = model.Hidden(ids.narrow(1, 0, 4), mask.narrow(1, 0, 4), positions.narrow(1, 0, 4), null, cache);
        List<Tensor> parts = [prompt];
        for (int column = 4; column < 8; column++)
            parts.Add(model.Hidden(ids.narrow(1, column, 1), mask.narrow(1, 0, column + 1), positions.narrow(1, column, 1), null, cache));
        Tensor difference = (cat([.. parts], 1) - whole).abs().masked_fill(mask.logical_not().unsqueeze(-1), 0);
        Assert.True(difference.max().item<float>() < 1e-5);
    }

    /// <summary>A layer with a window keeps the window alone; whatever the sizes of the passes, its states are those of a cache that keeps all.</summary>
    [Theory]
    [InlineData("gemma3-tiny")] // a window of 20 columns in two layers of three
    [InlineData("mistral")]
    public void ACacheOfTheWindowAloneGivesTheStatesOfOneThatKeepsAll(string name)
    {
        const int Rows = 3, Columns = 120;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = name == "mistral" ? Model() : ModelCheckpoint.Load(Golden.At("models", name));
        using KeyValueCache bounded = model.NewCache(Rows, Columns), whole = model.NewCache(Rows, Columns, keepsAll: true);
        Assert.Equal(Rows * KeyValueCache.BytesOfRow(model.Config.Text, Columns, 4), bounded.Bytes);
        Assert.True(bounded.Bytes < whole.Bytes);
        Tensor ids = tensor(Enumerable.Range(0, Rows * Columns).Select(at => 5L + (at * 7 % 50)).ToArray()).view(Rows, Columns);
        // the first row is padded on the left
        Tensor mask = ones_like(ids, ScalarType.Bool);
        mask[0].narrow(0, 0, 6).fill_(false);
        (Tensor positions, _) = model.Positions(ids, mask, []);
        int at = 0;
        foreach (int count in (int[])[2, 1, 9, 1, 1, 30, 1, 1, 1, 18, 19, 20, 1, 2, 3, 1])
        {
            Tensor Pass(KeyValueCache cache) => model.Hidden(ids.narrow(1, at, count), mask.narrow(1, 0, at + count), positions.narrow(1, at, count), null,
                cache);
            Tensor expected = Pass(whole), hidden = mask.narrow(1, at, count).logical_not().unsqueeze(-1);
            Tensor difference = (Pass(bounded) - expected).abs().masked_fill(hidden, 0).max() / expected.masked_fill(hidden, 0).abs().max();
            Assert.True(difference.item<float>() < 2e-6, $"{count} columns at {at}: {difference.item<float>()}");
            at += count;
            if (at is not (44 or 105)) continue;
            // a row goes, another is repeated
            Tensor kept = tensor(new long[] { 1, 0, 1 });
            bounded.SelectRows(kept);
            whole.SelectRows(kept);
            (ids, mask, positions) = (ids.index_select(0, kept), mask.index_select(0, kept), positions.index_select(0, kept));
        }
    }

    [Fact]
    public void ColumnsAreCopiedFromACacheThatKeepsAllAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = Model();
        using KeyValueCache from = model.NewCache(1, 8), to = model.NewCache(1, 8);
        using Tensor rows = zeros(1, ScalarType.Int64);
        Assert.Throws<ArgumentException>(() => to.CopyRows(from, rows));
        Assert.Throws<ArgumentException>(() => to.CopyColumns(from, 0, 0, 0, 0, 1));
    }
}
