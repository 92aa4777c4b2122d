using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>A round's rollouts as episodes, on all ranks: rank 0 asks for them.</summary>
internal static class RolloutExchange
{
    /// <summary>
    /// The episodes of a round, without log π_old, which our own pass gives later. An error or a stop is everybody's, so that all are at one place.
    /// </summary>
    /// <exception cref="ServiceException">Rank 0 could not get them.</exception>
    /// <exception cref="InvalidInputException">Nor could it ask for them, or keep them.</exception>
    /// <exception cref="OperationCanceledException">Rank 0 was told to stop.</exception>
    public static Episode[] Receive(Ranks ranks, IRolloutSource source, IReadOnlyList<EncodedSample> prompts, long round, int draw,
        CancellationToken cancellationToken)
    {
        Received received = ranks.First("rollouts", Ask);
        if (received.Error is { } error) throw received.IsService ? new ServiceException(error) : new InvalidInputException(error);
        if (received.Rollouts is not { } sampled)
        {
            if (!ranks.IsAlone) ranks.StopTogether();
            throw new OperationCanceledException(cancellationToken);
        }
        return [.. prompts.Zip(sampled, (prompt, rollout) => new Episode
        {
            Sample = prompt with { Response = rollout.Response, Row = null },
            Ended = rollout.Ended,
            LogProbs = [],
            EngineLogProbs = rollout.EngineLogProbs,
        })];

        Received Ask()
        {
            try
            {
                return new(source.Sample(prompts, round, draw, cancellationToken), null);
            }
            catch (OperationCanceledException)
            {
                return new(null, null);
            }
            catch (Exception error) when (error is ServiceException or InvalidInputException && !ranks.IsAlone)
            {
                return new(null, error.Message, error is ServiceException);
            }
        }
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

    /// <summary>What rank 0 got: rollouts, or an error, or neither where it was told to stop.</summary>
    private sealed record Received(IReadOnlyList<Rollout>? Rollouts, string? Error, bool IsService = false);
}
