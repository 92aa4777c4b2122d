using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Chooses the next token of every row. A row draws one uniform number a step from its own stream, so no other row changes what it gets.</summary>
internal sealed class TokenChooser(GenerationSettings settings, int imageTokenId) : IDisposable
{
    private readonly TokenRules rules = new(settings, imageTokenId);

    /// <summary>Tokens [B] of logits [B, V], and log p [B] if asked for.</summary>
    /// <exception cref="InvalidInputException">The settings leave a row no token.</exception>
    public (Tensor Tokens_B, Tensor? LogProbs_B) Choose(Tensor logits_BV, Tensor? seen_BV, int step, IReadOnlyList<RandomStream> streams,
        IReadOnlyList<GenerationRow> rows)
    {
        Tensor raw = logits_BV.to(ScalarType.Float32), scores = rules.Apply(raw, seen_BV, step, rows);
        bool greedy = settings.Temperature == 0;
        Tensor tokens = greedy ? scores.argmax(-1) : Draw(Filter(scores), streams);
        if (!settings.LogProbs) return (tokens, null);
        Tensor whole = greedy ? raw : LogitsFilter.Temper(raw, settings.Temperature);
        return (tokens, (whole.gather(1, tokens.unsqueeze(1)) - whole.logsumexp(-1, true)).squeeze(1));
    }

    public void Dispose() => rules.Dispose();

    private Tensor Filter(Tensor scores_BV)
    {
        Tensor kept = LogitsFilter.TopP(LogitsFilter.TopK(LogitsFilter.Temper(scores_BV, settings.Temperature), settings.TopK), settings.TopP);
        kept = LogitsFilter.Typical(LogitsFilter.MinP(kept, settings.MinP), settings.TypicalP);
        return LogitsFilter.Eta(LogitsFilter.Epsilon(kept, settings.EpsilonCutoff), settings.EtaCutoff);
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
}
