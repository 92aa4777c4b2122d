using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// What a generation does to the logits of a step before it chooses, greedy or not: biases, penalties and bans, in the order of transformers' logits
/// processors.
/// A row's result depends on its own text alone.
/// </summary>
internal sealed class TokenRules(GenerationSettings settings, int imageTokenId) : IDisposable
{
    // added to the logits: minus infinity at tokens that must not come
    private Tensor? forbidden_V, forbiddenFirst_V;

    /// <summary>True if a rule looks at the tokens that came before.</summary>
    public static bool NeedText(GenerationSettings settings) => settings.NoRepeatNgramSize > 0 || settings.SequenceBiases.Any(entry => entry.Ids.Count > 1);

    /// <summary>Logits [B, V] with the rules applied.</summary>
    /// <exception cref="InvalidInputException">The rules leave a row no token.</exception>
    public Tensor Apply(Tensor logits_BV, Tensor? seen_BV, int step, IReadOnlyList<GenerationRow> rows)
    {
        Tensor scores = Plus(logits_BV, Biases(rows, entry => !double.IsNegativeInfinity(entry.Bias)));
        if (seen_BV is not null) scores = LogitsFilter.Penalise(scores, seen_BV, settings.RepetitionPenalty);
        scores = Plus(scores, [.. Repeats(rows), .. Biases(rows, entry => double.IsNegativeInfinity(entry.Bias)), .. EarlyEnds(rows, step)]);
        if (settings.ForcedEndTokenIds.Count > 0) scores = ForceEnds(scores, rows, step);
        if (settings.EndGrowth is { } growth && step > growth.Start) scores = Grow(scores, Math.Pow(growth.Factor, step - growth.Start) - 1);
        scores = scores.Plus(forbidden_V ??= Block(settings.ForbiddenTokenIds.Append(imageTokenId), logits_BV));
        if (step == 0 && settings.ForbiddenFirstTokenIds.Count > 0)
            scores = scores.Plus(forbiddenFirst_V ??= Block(settings.ForbiddenFirstTokenIds, logits_BV));
        if (CanForbidAll && scores.max(-1).values.isneginf().any().item<bool>())
            throw new InvalidInputException("Generation: the settings forbid every token (no_repeat_ngram_size, bad_words_ids, suppress_tokens or "
                + "min_new_tokens); loosen them.");
        return scores;
    }

    public void Dispose()
    {
        forbidden_V?.Dispose();
        forbiddenFirst_V?.Dispose();
    }

    private bool CanForbidAll => settings.NoRepeatNgramSize > 0 || settings.SequenceBiases.Count > 0 || settings.ForbiddenTokenIds.Count > 0
        || settings.ForbiddenFirstTokenIds.Count > 0;

    private IEnumerable<(int Row, int Id, float Value)> Biases(IReadOnlyList<GenerationRow> rows, Func<SequenceBias, bool> which)
    {
        foreach (SequenceBias entry in settings.SequenceBiases.Where(which))
            for (int row = 0; row < rows.Count; row++)
            {
                int before = entry.Ids.Count - 1;
                List<int> text = rows[row].Text;
                if (before == 0 || (text.Count > before && text.Skip(text.Count - before).SequenceEqual(entry.Ids.Take(before))))
                    yield return (row, entry.Ids[^1], (float)entry.Bias);
            }
    }

    private IEnumerable<(int Row, int Id, float Value)> Repeats(IReadOnlyList<GenerationRow> rows)
    {
        int before = settings.NoRepeatNgramSize - 1;
        if (before < 0) yield break;
        for (int row = 0; row < rows.Count; row++)
        {
            List<int> text = rows[row].Text;
            for (int start = 0; start + before < text.Count; start++)
            {
                bool same = true;
                for (int i = 0; i < before && same; i++) same = text[start + i] == text[text.Count - before + i];
                if (same) yield return (row, text[start + before], float.NegativeInfinity);
            }
        }
    }

    private IEnumerable<(int Row, int Id, float Value)> EarlyEnds(IReadOnlyList<GenerationRow> rows, int step)
    {
        for (int row = 0; row < rows.Count; row++)
            if (step < Math.Max(settings.MinNewTokens, settings.MinLength - rows[row].PromptLength))
                foreach (int id in settings.EosTokenIds) yield return (row, id, float.NegativeInfinity);
    }

    private Tensor ForceEnds(Tensor scores_BV, IReadOnlyList<GenerationRow> rows, int step)
    {
        bool[] last = [.. rows.Select(row => step + 1 == row.Limit)];
        if (!last.Contains(true)) return scores_BV;
        Tensor only = Block(Enumerable.Range(0, (int)scores_BV.shape[1]).Except(settings.ForcedEndTokenIds), scores_BV).MoveToOuterDisposeScope();
        return where(tensor(last, device: scores_BV.device).unsqueeze(1), only.unsqueeze(0), scores_BV);
    }

    private Tensor Grow(Tensor scores_BV, double factor)
    {
        float[] weights = new float[scores_BV.shape[1]];
        foreach (int id in settings.EosTokenIds.Where(id => id < weights.Length)) weights[id] = (float)factor;
        // a forbidden token stays forbidden: its infinite logit must not become not-a-number
        Tensor growth = scores_BV.abs() * tensor(weights, device: scores_BV.device);
        return where(scores_BV.isneginf(), scores_BV, scores_BV.Plus(growth.nan_to_num(0)));
    }

    private static Tensor Plus(Tensor scores_BV, IEnumerable<(int Row, int Id, float Value)> changes)
    {
        float[]? bias = null;
        int width = (int)scores_BV.shape[1];
        foreach ((int row, int id, float value) in changes)
        {
            if (id >= width) continue;
            bias ??= new float[scores_BV.numel()];
            bias[row * width + id] += value;
        }
        return bias is null ? scores_BV : scores_BV.Plus(tensor(bias, device: scores_BV.device).view(scores_BV.shape));
    }

    private static Tensor Block(IEnumerable<int> ids, Tensor logits_BV)
    {
        float[] bias = new float[logits_BV.shape[1]];
        foreach (int id in ids)
            if (id >= 0 && id < bias.Length) bias[id] = float.NegativeInfinity;
        return tensor(bias, device: logits_BV.device).DetachFromDisposeScope();
    }
}
