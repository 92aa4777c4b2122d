using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>A round's rollouts as episodes, on all ranks: rank 0 asks for them.</summary>
internal static class RolloutExchange
{
    /// <summary>The episodes of a round, without log π_old, which our own pass gives later.</summary>
    /// <exception cref="ServiceException">As of <see cref="RankZero.Ask"/>.</exception>
    /// <exception cref="InvalidInputException">Likewise.</exception>
    /// <exception cref="OperationCanceledException">Likewise.</exception>
    public static Episode[] Receive(Ranks ranks, IRolloutSource source, IReadOnlyList<EncodedSample> prompts, long round, int draw,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<Rollout> sampled = RankZero.Ask(ranks, "rollouts", () => source.Sample(prompts, round, draw, cancellationToken), cancellationToken);
        return [.. prompts.Zip(sampled, (prompt, rollout) => new Episode
        {
            Sample = prompt with { Response = rollout.Response },
            Ended = rollout.Ended,
            LogProbs = [],
            EngineLogProbs = rollout.EngineLogProbs,
        })];
    }

    /// <summary>Adds what the importance weights of a round are like.</summary>
    public static void Describe(IReadOnlyList<Episode> episodes, ImportanceOptions weights, Dictionary<string, double> metrics)
    {
        IEnumerable<(float, float)> tokens = episodes.SelectMany(episode => episode.LogProbs.Zip(episode.EngineLogProbs!));
        if (EngineMismatch.Of(tokens, weights.Maximum ?? double.PositiveInfinity) is not { } mismatch) return;
        metrics["weight_mean"] = mismatch.Mean;
        metrics["weight_p95"] = mismatch.P95;
        metrics["weight_outside_share"] = mismatch.OutsideShare;
        metrics["weight_capped_share"] = mismatch.CappedShare;
    }
}
