using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Has a pair judged as often and in the orders that the settings say. What is asked depends on the seed and the pair alone, never on the order of the work.
/// </summary>
internal sealed class PairJudge(JudgingSettings settings, ModelCaller caller, MakingCounts counts)
{
    /// <summary>The judgements of a pair.</summary>
    /// <param name="item">The pair's key.</param>
    /// <param name="image">The image; null where there is none.</param>
    /// <param name="question">The question.</param>
    /// <param name="first">Answer 1.</param>
    /// <param name="second">Answer 2.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <returns>The judgements that could be read, and whether these are all: a pair is never labelled by half of its judgements.</returns>
    /// <exception cref="CallFailedException">A call failed for good.</exception>
    public async Task<(PairJudgements Judgements, bool IsWhole)> JudgeAsync(string item, EncodedImage? image, string question, string first, string second,
        CancellationToken cancellationToken)
    {
        List<(int Repeat, bool InOrder)> asks = [];
        RandomStream random = new(settings.Seed, $"judge/{item}");
        for (int repeat = 0; repeat < settings.Repeats; repeat++)
        {
            bool inOrder = random.Chance(0.5);
            asks.Add((repeat, inOrder));
            if (settings.Swap) asks.Add((repeat, !inOrder));
        }
        PairwiseVerdict?[] verdicts = await Task.WhenAll(asks.Select(ask => VerdictAsync(ask.Repeat, ask.InOrder))).ConfigureAwait(false);
        PairJudgements judgements = new([.. asks.Zip(verdicts).Where(pair => pair.Second is not null)
            .Select(pair => (pair.First.Repeat, pair.First.InOrder, pair.Second!))]);
        bool isWhole = judgements.Readable.Count == asks.Count;
        if (!isWhole) MakingCounts.Add(counts.Failures, $"{settings.Model.Name}: no reply with a verdict could be read");
        return (judgements, isWhole);

        async Task<PairwiseVerdict?> VerdictAsync(int repeat, bool inOrder)
        {
            for (int again = 0; again <= settings.Reasks; again++)
            {
                using CallerChatClient client = new(caller, settings.Model, "judge", item, repeat * (settings.Reasks + 1) + again, cancellationToken);
                (string shown, string below) = inOrder ? (first, second) : (second, first);
                PairwiseVerdict? verdict = await new ChatPairwiseJudge(client, settings.Model.Json).JudgeAsync(new(item, image, question, shown, below),
                    cancellationToken)
                    .ConfigureAwait(false);
                if (verdict is not null) return inOrder ? verdict : PairJudgements.Turn(verdict);
                MakingCounts.Add(counts.ParseFailures, "judge");
            }
            return null;
        }
    }
}
