using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Chooses the next token of every row. A row draws one uniform number a step from its own stream, so no other row changes what it gets.</summary>
internal sealed class TokenChooser(GenerationSettings settings, int imageTokenId) : IDisposable
{
    // added to the logits: minus infinity at tokens that must not come
    private Tensor? forbidden_V, noEnd_V;

    /// <summary>Tokens [B] of logits [B, V], and log p [B] if asked for.</summary>
    public (Tensor Tokens_B, Tensor? LogProbs_B) Choose(Tensor logits_BV, Tensor? seen_BV, int step, IReadOnlyList<RandomStream> streams)
    {
        Tensor raw = logits_BV.to(ScalarType.Float32), scores = raw;
        bool greedy = settings.Temperature == 0;
        if (seen_BV is not null) scores = LogitsFilter.Penalise(scores, seen_BV, settings.RepetitionPenalty);
        scores = scores.Plus(forbidden_V ??= Block(settings.ForbiddenTokenIds.Append(imageTokenId), raw));
        if (step < settings.MinNewTokens) scores = scores.Plus(noEnd_V ??= Block(settings.EosTokenIds, raw));
        Tensor tokens = greedy ? scores.argmax(-1) : Draw(LogitsFilter.TopP(LogitsFilter.TopK(LogitsFilter.Temper(scores, settings.Temperature), settings.TopK), settings.TopP), streams);
        if (!settings.LogProbs) return (tokens, null);
        Tensor whole = greedy ? raw : LogitsFilter.Temper(raw, settings.Temperature);
        return (tokens, (whole.gather(1, tokens.unsqueeze(1)) - whole.logsumexp(-1, true)).squeeze(1));
    }

    // inverse of the cumulative distribution; a token of probability 0 can never be the first to pass the number
    private static Tensor Draw(Tensor filtered_BV, IReadOnlyList<RandomStream> streams)
    {
        double[] numbers = new double[streams.Count];
        for (int row = 0; row < numbers.Length; row++) numbers[row] = streams[row].NextDouble() * (1 - 1e-12);
        Tensor cumulative = filtered_BV.softmax(-1).cumsum(-1, ScalarType.Float64);
        Tensor wanted = tensor(numbers, device: filtered_BV.device).unsqueeze(1).mul_(cumulative.narrow(1, cumulative.shape[1] - 1, 1));
        using Scalar last = filtered_BV.shape[1] - 1;
        return searchsorted(cumulative, wanted, right: true).squeeze(1).clamp_(max: last);
    }

    private static Tensor Block(IEnumerable<int> ids, Tensor logits_BV)
    {
        float[] bias = new float[logits_BV.shape[1]];
        foreach (int id in ids)
            if (id >= 0 && id < bias.Length) bias[id] = float.NegativeInfinity;
        return tensor(bias, device: logits_BV.device).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        forbidden_V?.Dispose();
        noEnd_V?.Dispose();
    }
}
