using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>
/// Supervised fine-tuning: next-token cross-entropy on the responses alone. Of a conversation every response is learnt that is not marked <c>"loss": false</c>;
/// of a pair, the more helpful response.
/// </summary>
public static class SftTrainer
{
    /// <summary>What of a row is looked at.</summary>
    internal const RecordParts Parts = RecordParts.Answers | RecordParts.Helpful;

    /// <summary>Trains a policy in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(PolicyRole policy, TrainingData data, SftSettings settings, TrainingRun run, Action<string>? save = null)
    {
        settings.CheckTower(data);
        using TrainingLoop<EncodedSample> loop = TrainingLoop<EncodedSample>.Over("sft", policy, data, settings, run, Parts, Encode);
        foreach (TrainingStep<EncodedSample> step in loop.Steps())
        {
            double tokens = step.Samples.Sum(sample => sample.LearntTokens);
            foreach (StepPart<EncodedSample> part in step.Parts())
            {
                // every response token of the whole batch weighs the same
                part.Backward(policy.NextTokenLoss(data.Collate(part.Samples)), weight: part.Samples.Sum(sample => sample.LearntTokens) / tokens);
            }
            step.Report("perplexity", Math.Exp(step.Metrics["loss"]));
            step.Report("tokens", tokens);
            step.Update();
        }
        run.Finish(save);
    }

    /// <summary>A row as instruction data; null where it has no response, does not say which of two is better, or is too long.</summary>
    internal static EncodedSample? Encode(ConversationRecord row, SampleEncoder encoder)
    {
        if (row.Kind != RecordKind.Pair) return encoder.EncodeConversation(row);
        if ((row.Preferences.Helpful ?? row.Preferences.Overall) is not { } better) return null;
        string answer = row.Of(better).Text;
        return answer.Length == 0 ? null : encoder.Encode(row, answer)?[0];
    }
}
