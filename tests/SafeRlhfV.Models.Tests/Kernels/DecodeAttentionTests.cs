using System.Text;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>The kernel of decoding steps gives the states of a whole pass, which torch's own attention makes.</summary>
public sealed class DecodeAttentionTests
{
    private const int Rows = 3, Columns = 40, Prompt = 4;

    [Theory]
    [InlineData(4, 4, 32, false)]
    [InlineData(4, 2, 16, true)]
    [InlineData(6, 1, 48, true)]
    [InlineData(2, 1, 144, false)]
    public void StepsGiveTheStatesOfAWholePass(int heads, int keyHeads, int size, bool padded)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = Model(heads, keyHeads, size);
        (Tensor ids, Tensor mask, Tensor positions) = Texts(model, padded);
        Tensor whole = model.Hidden(ids, mask, positions, null), steps = Steps(model, ids, mask, positions);
        Tensor difference = (steps - whole).abs().masked_fill(mask.logical_not().unsqueeze(-1), 0).max() / whole.abs().max();
        Assert.True(difference.item<float>() < 1e-5, $"{difference.item<float>()}");
    }

    [Fact]
    public void NeitherOtherRowsNorThreadsChangeABitOfAttention()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = Model(4, 2, 32);
        Tensor angles = randn([Rows, 1, 1, 32]), joint = randn([Rows, 1, 8 * 32]);
        Tensor[] past = [randn([Rows, 2, 5, 32]), randn([Rows, 2, 5, 32])];
        Tensor together = Mixed(joint, past, angles);
        int threads = get_num_threads();
        set_num_threads(1);
        try
        {
            for (int row = 0; row < Rows; row++)
            {
                Tensor One(Tensor x) => x.narrow(0, row, 1).contiguous();
                Assert.True(together.narrow(0, row, 1).equal(Mixed(One(joint), [.. past.Select(One)], One(angles))).all().item<bool>());
            }
        }
        finally
        {
            set_num_threads(threads);
        }

        Tensor Mixed(Tensor projections, Tensor[] columns, Tensor turns)
        {
            using KeyValueCache cache = model.NewCache((int)projections.shape[0], 8);
            cache.Append(0, columns[0], columns[1]);
            cache.Length = 5;
            return DecodeAttention.Run([projections], 4, 0.2, new RotaryAngles(turns, turns.neg()), cache, 0, new AttentionMask(null, false));
        }
    }

    [Fact]
    public void WhatItCannotDoIsLeftToTorch()
    {
        using DisposeScope scope = NewDisposeScope();
        AttentionMask none = new(null, false);
        bool Fits(int size, int length, AttentionMask mask, ScalarType dtype = ScalarType.Float32)
        {
            using VisionLanguageModel model = Model(2, 1, size);
            using KeyValueCache cache = new(model.Config.Text, 1, 8, dtype, CPU) { Length = length };
            Tensor angles = zeros([1, 1, 1, size], dtype);
            return DecodeAttention.Fits(cache, 0, mask, new RotaryAngles(angles, angles));
        }

        Assert.False(Fits(32, 5, none)); // gradients may be wanted
        using IDisposable noGrad = no_grad();
        Assert.True(Fits(32, 5, none));
        Assert.True(Fits(32, 5, new AttentionMask(zeros(1, 1, 1, 6), false)));
        Assert.False(Fits(32, 5, new AttentionMask(zeros(1, 1, 1, 7), false)));
        Assert.False(Fits(32, 8, none));
        Assert.False(Fits(24, 5, none));
        Assert.False(Fits(32, 5, none, ScalarType.BFloat16));
    }

    private static Tensor Steps(VisionLanguageModel model, Tensor ids, Tensor mask, Tensor positions)
    {
        using KeyValueCache cache = model.NewCache(Rows, Columns);
        List<Tensor> parts = [];
        for (int at = 0; at < Columns;)
        {
            int count = at == 0 ? Prompt : 1;
            parts.Add(model.Hidden(ids.narrow(1, at, count), mask.narrow(1, 0, at + count), positions.narrow(1, at, count), null, cache));
            at += count;
        }
        return cat([.. parts], 1);
    }

    private static (Tensor Ids, Tensor Mask, Tensor Positions) Texts(VisionLanguageModel model, bool padded)
    {
        Tensor ids = tensor(Enumerable.Range(0, Rows * Columns).Select(at => 5L + (at * 7 % 50)).ToArray()).view(Rows, Columns);
        Tensor mask = ones_like(ids, ScalarType.Bool);
        if (padded) mask[1].narrow(0, 0, 3).fill_(false);
        return (ids, mask, model.Positions(ids, mask, []).Positions);
    }

    private static VisionLanguageModel Model(int heads, int keyHeads, int size) => ModelFactory.Create(ModelConfig.Parse(ConfigReader.Parse(
        Encoding.UTF8.GetBytes($$"""
        {"model_type":"llava","image_token_index":63,
         "text_config":{"model_type":"llama","hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":{{heads}},
           "num_key_value_heads":{{keyHeads}},"head_dim":{{size}},"vocab_size":64,"max_position_embeddings":64},
         "vision_config":{"hidden_size":16,"intermediate_size":16,"num_hidden_layers":1,"num_attention_heads":2,"image_size":28,"patch_size":14}
        }
        """), "config.json")), 3, new Initialization { Deviation = 0.3 });
}
