using SafeRlhfV.Training;
using static TorchSharp.torch;

namespace SafeRlhfV.Registry.Tests;

/// <summary>Raises the likelihood of the more helpful response above that of the other one; there is no reference.</summary>
internal static class ContrastTrainer
{
    public static void Train(PolicyRole policy, TrainingData data, ContrastSettings settings, TrainingRun run, Action<string> save)
    {
        using TrainingLoop<PairSample> loop = PairSample.Loop("contrast", policy, data, settings, run, new(PreferenceKind.Helpful));
        foreach (TrainingStep<PairSample> step in loop.Steps())
        {
            foreach (StepPart<PairSample> part in step.Parts())
            {
                int pairs = part.Samples.Count;
                SequenceBatch batch = data.Collate(part.Samples);
                Tensor sums_R = (policy.LogProbs(batch) * batch.ResponseMask_BT).sum(1);
                Tensor margin_B = sums_R.narrow(0, 0, pairs) - sums_R.narrow(0, pairs, pairs);
                part.Backward(-nn.functional.logsigmoid(settings.Strength * margin_B).mean());
                part.Report("preferred_more_likely", (margin_B > 0).to(ScalarType.Float32).mean());
            }
            step.Update();
        }
        run.Finish(save);
    }
}
