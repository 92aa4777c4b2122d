using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Supervised fine-tuning: next-token cross-entropy on the answers alone. Of a conversation every answer is learnt that is not marked <c>"loss": false</c>; of a pair, the
/// more helpful answer.
/// </summary>
public static class SftTrainer
{
    /// <summary>Trains a policy in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(PolicyRole policy, TrainingData data, SftSettings settings, TrainingRun run, Action<string>? save = null)
    {
        settings.CheckTower(data);
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(data, Parts, encoder, Encode);
        long total = settings.StepsFor(rows.Usable);
        using RowFeed<EncodedSample> feed = data.Feed(settings.Seed, Parts, encoder, Encode, run.EncodesAhead);
        using Updater updater = new("sft", policy.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(policy.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            policy.BeginStep(settings.Seed, step);
            IReadOnlyList<EncodedSample> samples = feed.Next(settings.BatchSize);
            IReadOnlyList<EncodedSample[]> parts = Steps.Micro(samples, settings);
            double tokens = samples.Sum(sample => sample.LearntTokens), loss = 0;
            foreach (EncodedSample[] micro in parts)
            {
                using DisposeScope inner = NewDisposeScope();
                // every answer token of the whole batch weighs the same
                Tensor part = policy.NextTokenLoss(data.Collate(micro)).Times(micro.Sum(sample => sample.LearntTokens) / tokens);
                part.backward();
                loss += part.item<float>();
            }
            double norm = updater.Apply(step), rate = updater.RateAt(step);
            run.Step(++step, total, new Dictionary<string, double> { ["loss"] = loss, ["perplexity"] = Math.Exp(loss), ["gradient_norm"] = norm, ["learning_rate"] = rate, ["tokens"] = tokens, ["padding"] = Steps.Padding(parts), ["dropped_share"] = rows.DroppedShare, ["dropped_rows"] = encoder.Dropped, ["cut_answers"] = encoder.Cut });
        }
        run.Finish(save);
    }

    /// <summary>What of a row is looked at.</summary>
    internal const RecordParts Parts = RecordParts.Answers | RecordParts.Helpful;

    /// <summary>A row as instruction data; null where it has no answer, does not say which of two is better, or is too long.</summary>
    internal static EncodedSample? Encode(ConversationRecord row, SampleEncoder encoder)
    {
        if (row.Kind != RecordKind.Pair) return encoder.EncodeConversation(row);
        if ((row.Preferences.Helpful ?? row.Preferences.Overall) is not { } better) return null;
        string answer = row.Of(better).Text;
        return answer.Length == 0 ? null : encoder.Encode(row, answer)?[0];
    }
}
