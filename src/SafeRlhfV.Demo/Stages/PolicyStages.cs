using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>The methods that align the precursor: Safe RLHF-V and its baselines.</summary>
internal static class PolicyStages
{
    public static string Ppo(DemoContext context, string name, PpoSettings settings)
    {
        using VisionLanguageModel actor = context.Model(DemoContext.Start), reference = context.Frozen(DemoContext.Start);
        using Scorers rewards = new(context, DemoContext.RewardModel), costs = new(context, DemoContext.CostModel);
        TrainingData pairs = context.Data(DemoContext.PairData);
        ScoreCalibration calibration = ScoreCalibration.Measure(rewards.Raw, costs.Raw, pairs, settings.CalibrationRows);
        PpoRoles roles = new(
            new PolicyRole(actor), new PolicyRole(reference), calibration.Reward(rewards.Model, rewards.Head), calibration.Cost(costs.Model, costs.Head),
            calibration.Reward(rewards.Critic, rewards.CriticHead), calibration.Cost(costs.Critic, costs.CriticHead));
        using TrainingRun run = context.NewRun(name);
        PpoTrainer.Train(roles, context.Data(DemoContext.PromptData), context.Data(DemoContext.PtxData), settings, run, context.Cancel);
        ModelCheckpoint.Save(actor, context.Folders.Model(name), new SaveOptions { Overwrite = true });
        return $"{settings.Rounds} rounds of {settings.RolloutBatch}";
    }

    public static string Dpo(DemoContext context, string name, PreferenceKind preference)
    {
        using VisionLanguageModel policy = context.Model(DemoContext.Start), reference = context.Frozen(DemoContext.Start);
        using TrainingRun run = context.NewRun(name);
        DpoTrainer.Train(new PolicyRole(policy), new PolicyRole(reference), context.Data(DemoContext.PairData), context.Settings.Dpo with { Preference = preference }, run);
        ModelCheckpoint.Save(policy, context.Folders.Model(name), new SaveOptions { Overwrite = true });
        return $"{preference.ToString().ToLowerInvariant()} pairs";
    }

    /// <summary>A score model to run, and the same again as the start of its critic.</summary>
    private sealed class Scorers : IDisposable
    {
        public Scorers(DemoContext context, string name)
        {
            (Model, Head) = context.Scorer(name);
            (Critic, CriticHead) = context.Scorer(name, trains: true);
        }

        public VisionLanguageModel Model { get; }
        public ScoreHead Head { get; }
        public VisionLanguageModel Critic { get; }
        public ScoreHead CriticHead { get; }
        public ScorerRole Raw => new(Model, Head);

        public void Dispose()
        {
            Model.Dispose();
            Head.Dispose();
            Critic.Dispose();
            CriticHead.Dispose();
        }
    }
}
