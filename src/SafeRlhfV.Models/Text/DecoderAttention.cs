using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Self-attention of a decoder block: grouped queries, rotary positions, optional head norms and biases.</summary>
public sealed class DecoderAttention : NamedModule
{
    private readonly LinearLayer query, key, value, output;
    private readonly RmsNormLayer? queryNorm, keyNorm;
    private readonly PackedProjection? packed;
    private readonly int heads, keyValueHeads, headSize, layer;
    private readonly double queryFactor;

    /// <summary>Takes q_proj, k_proj, v_proj, o_proj and, if the config says so, q_norm and k_norm.</summary>
    public DecoderAttention(ParameterScope scope, TextConfig config, int layer) : base(nameof(DecoderAttention))
    {
        (heads, keyValueHeads, headSize, this.layer) = (config.Heads, config.KeyValueHeads, config.HeadSize, layer);
        // the attention itself divides by the root of the head size
        queryFactor = Math.Sqrt(headSize / (config.QueryScalar ?? headSize));
        query = new(scope.At("q_proj"), config.HiddenSize, heads * headSize, config.QueryKeyValueBias);
        key = new(scope.At("k_proj"), config.HiddenSize, keyValueHeads * headSize, config.QueryKeyValueBias);
        value = new(scope.At("v_proj"), config.HiddenSize, keyValueHeads * headSize, config.QueryKeyValueBias);
        output = new(scope.At("o_proj"), heads * headSize, config.HiddenSize, config.OutputBias);
        packed = PackedProjection.TryPack(scope.Source, query, key, value);
        register_module("q_proj", query);
        register_module("k_proj", key);
        register_module("v_proj", value);
        register_module("o_proj", output);
        if (!config.QueryKeyNorm) return;
        queryNorm = new(scope.At("q_norm"), headSize, config.RmsNormEpsilon, config.NormsAroundOne);
        keyNorm = new(scope.At("k_norm"), headSize, config.RmsNormEpsilon, config.NormsAroundOne);
        register_module("q_norm", queryNorm);
        register_module("k_norm", keyNorm);
    }

    /// <summary>
    /// [B, L, H] → [B, L - from, H]: the columns before <paramref name="from"/> give keys and values alone. With <paramref name="filled"/> both are the tokens
    /// alone, [1, N, H].
    /// </summary>
    internal Tensor Forward(Tensor x_BLH, AttentionMask mask, RotaryAngles angles, KeyValueCache? cache, long from = 0, FilledColumns? filled = null)
    {
        Tensor mixed = Mix(Project(x_BLH, from, filled), mask, angles, cache, from);
        return output.Forward(filled?.Pack(mixed, from) ?? mixed);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) packed?.Dispose();
        base.Dispose(disposing);
    }

    // the values of the wanted columns, mixed: [B, L - from, N D]
    private Tensor Mix(Tensor[] projections, AttentionMask mask, RotaryAngles angles, KeyValueCache? cache, long from)
    {
        long rows = projections[^1].size(0), all = projections[^1].size(1), columns = all - from;
        double scale = queryFactor / Math.Sqrt(headSize);
        if (cache is not null && queryNorm is null && all == 1 && DecodeAttention.Fits(cache, layer, mask, angles))
            return DecodeAttention.Run(projections, heads, scale, angles, cache, layer, mask);
        // a prompt is read by the kernel that reads whole texts, so that both give the same numbers
        bool isWhole = cache is null || (cache.Length == 0 && all > 1);
        if (isWhole && Attention.TryRun(projections, heads, keyValueHeads, scale, mask, angles, from) is { } whole)
        {
            if (cache is not null)
            {
                (Tensor keys_BLND, Tensor values_BLND) = KeysAndValues(projections, angles);
                _ = cache.Append(layer, keys_BLND.transpose(1, 2), values_BLND.transpose(1, 2));
            }
            return whole;
        }
        (Tensor q_BLND, Tensor k_BLND, Tensor v_BLND) = Turned(projections, from, angles);
        if (queryFactor != 1) q_BLND = q_BLND.Times(queryFactor);
        Tensor q = q_BLND.transpose(1, 2), k = k_BLND.transpose(1, 2), v = v_BLND.transpose(1, 2);
        if (cache is not null) (k, v) = cache.Append(layer, k, v);
        int group = heads / keyValueHeads;
        if (group > 1 && columns == 1)
        {
            // one new token: the heads of a group are so many queries of one key head, and no key is copied
            Tensor grouped = nn.functional.scaled_dot_product_attention(q.reshape(rows, keyValueHeads, group, headSize), k, v, mask.Bias!, 0, false);
            return grouped.reshape(rows, 1, heads * headSize);
        }
        if (group > 1) (k, v) = (Repeat(k, group), Repeat(v, group));
        Tensor mixed = nn.functional.scaled_dot_product_attention(q, k, v, mask.Bias!, 0, mask.Causal);
        return mixed.transpose(1, 2).reshape(rows, columns, heads * headSize);
    }

    // queries, keys and values side by side, or three tensors, the queries of the wanted columns alone
    private Tensor[] Project(Tensor x_BLH, long from, FilledColumns? filled)
    {
        Tensor q, k, v;
        // norms of heads want them apart, which gradients would have to undo
        if ((queryNorm is null || !is_grad_enabled()) && packed?.TryForward(x_BLH) is { } all)
        {
            all = filled?.Spread(all, 0) ?? all;
            if (queryNorm is null) return [all];
            long ofQueries = heads * headSize, ofKeys = keyValueHeads * headSize;
            q = all.narrow(1, from, all.shape[1] - from).narrow(2, 0, ofQueries).contiguous();
            (k, v) = (all.narrow(2, ofQueries, ofKeys).contiguous(), all.narrow(2, ofQueries + ofKeys, ofKeys).contiguous());
        }
        else
        {
            Tensor wanted = FilledColumns.Cut(filled, x_BLH, from);
            (q, k, v) = (query.Forward(wanted), key.Forward(x_BLH), value.Forward(x_BLH));
            if (filled is not null) (q, k, v) = (filled.Spread(q, from), filled.Spread(k, 0), filled.Spread(v, 0));
        }
        return queryNorm is null || keyNorm is null ? [q, k, v] : [Normed(queryNorm, q, heads), Normed(keyNorm, k, keyValueHeads), v];
    }

    private Tensor Normed(RmsNormLayer norm, Tensor x, int count) => norm.Forward(Heads(x, count)).view(x.shape);

    private (Tensor Query, Tensor Key, Tensor Value) Turned(Tensor[] projections, long from, RotaryAngles angles)
    {
        long columns = projections[^1].shape[1];
        if (projections is not [Tensor all])
        {
            (Tensor keys, Tensor values) = KeysAndValues(projections, angles);
            return (angles.From(from).Turn(Heads(projections[0], heads)), keys, values);
        }
        Tensor Wanted(Tensor x) => from == 0 ? x : x.narrow(1, from, columns - from);
        Tensor heads_BLND = Heads(all, heads + (2 * keyValueHeads)), third = heads_BLND.narrow(2, heads + keyValueHeads, keyValueHeads);
        Tensor turned = angles.Turn(heads_BLND.narrow(2, 0, heads + keyValueHeads));
        return (Wanted(turned.narrow(2, 0, heads)), turned.narrow(2, heads, keyValueHeads), third);
    }

    // without the queries, for the cache
    private (Tensor Key, Tensor Value) KeysAndValues(Tensor[] projections, RotaryAngles angles)
    {
        long ofQueries = heads * headSize, ofKeys = keyValueHeads * headSize;
        (Tensor keys, Tensor values) = projections is [Tensor all]
            ? (all.narrow(2, ofQueries, ofKeys), all.narrow(2, ofQueries + ofKeys, ofKeys)) : (projections[1], projections[2]);
        return (angles.Turn(Heads(keys, keyValueHeads)), Heads(values, keyValueHeads));
    }

    private Tensor Heads(Tensor x, int count) => x.view(x.shape[0], x.shape[1], count, headSize);

    private Tensor Repeat(Tensor x_BNKD, int group)
    {
        long[] shape = x_BNKD.shape;
        return x_BNKD.unsqueeze(2).expand(shape[0], shape[1], group, shape[2], shape[3]).reshape(shape[0], heads, shape[2], shape[3]);
    }
}
