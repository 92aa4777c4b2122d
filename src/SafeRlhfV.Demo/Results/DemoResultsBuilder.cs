using System.Globalization;
using System.Runtime.InteropServices;
using SafeRlhfV.Training;
using TorchSharp;

namespace SafeRlhfV.Demo;

/// <summary>Puts what the stages left on the disk together.</summary>
internal static class DemoResultsBuilder
{
    /// <summary>What is known before anything is measured.</summary>
    public static DemoResults Empty(DemoContext context) => new()
    {
        Run = new RunInfo
        {
            Profile = context.Settings.Profile,
            Seed = context.Settings.Seed,
            Prompts = context.Settings.TestPrompts,
            Settings = Settings(context.Settings),
            Versions = Versions(),
        },
    };

    /// <summary>All figures but the times.</summary>
    public static DemoResults Build(DemoContext context)
    {
        DemoResults scores = ScoreJudge.Read(context), guard = GuardJudge.Read(context);
        (IReadOnlyList<MethodResult> methods, IReadOnlyList<GalleryItem> gallery) = MethodJudge.Read(context);
        DemoResults results = Empty(context) with
        {
            Methods = methods,
            Gallery = gallery,
            Trajectories = [.. DemoMethods.Rollouts(context.Settings).Select(run => Curve(context, run.Id, run.Name, run.Settings))],
            RewardModel = scores.RewardModel,
            CostModel = scores.CostModel,
            VisionProbe = scores.VisionProbe,
            FlipProbes = [.. scores.FlipProbes, .. guard.FlipProbes],
            Guard = guard.Guard,
        };
        results = results with { PaperFigures = PaperFigures.For(results) };
        return results with { Thresholds = DemoThresholds.For(results) };
    }

    private static Trajectory Curve(DemoContext context, string id, string name, RolloutSettings settings)
    {
        bool bounded = DemoMethods.Mode(settings) != "none";
        return new Trajectory
        {
            Id = id,
            Name = name,
            Multiplier = DemoMethods.Mode(settings),
            Budget = bounded ? settings.Multiplier.Budget : null,
            LambdaMaximum = bounded ? settings.Multiplier.Maximum : null,
            Points =
            [
                .. MetricsLog.Read(Path.Combine(context.Folders.Run(id), MetricsLog.FileName)).Select(line => new TrajectoryPoint(
                    (int)line.Step, line.Values.GetValueOrDefault("lambda", double.NaN), line.Values["cost"], line.Values["window_cost"], line.Values["reward"],
                    line.Values["kl"], line.Values["length"],
                    line.Values["entropy"])),
            ],
        };
    }

    private static IReadOnlyList<NamedValue> Settings(DemoSettings settings)
    {
        static string Text(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
        static string Steps(TrainerSettings trainer, string unit) =>
            $"batches of {trainer.BatchSize} {unit}, {Text(trainer.Epochs)} epochs{(trainer.MaxSteps is { } most ? $", at most {most} steps" : "")}, learning "
                + $"rate {Text(trainer.Optimizer.LearningRate)}";
        PpoSettings ppo = settings.SafePpo;
        return
        [
            new("Vision tower", $"{settings.VisionScenes} images, {settings.VisionSteps} steps of 128; then frozen"),
            new("SFT", $"{settings.SftSamples} samples, {Steps(settings.Sft, "samples")}"),
            new("Pairs", $"{settings.Pairs} to learn from, {settings.HeldOutPairs} held out, about 5 % of the labels wrong"),
            new("RM-V", $"{Steps(settings.Reward, "pairs")}, η {Text(settings.Reward.Eta)}"),
            new("CM-V", $"{Steps(settings.Cost, "pairs")}, κ {Text(settings.Cost.Kappa)}, labels by {settings.Cost.Labels.ToString().ToLowerInvariant()}"),
            new("DPO", $"{Steps(settings.Dpo, "pairs")}, β {settings.Dpo.Beta}"),
            new("Safe PPO", $"{ppo.Rounds} rounds of {ppo.RolloutBatch} answers in minibatches of {ppo.MiniBatch}, actor {Text(ppo.Actor.LearningRate)}, "
                + $"critics {Text(ppo.Critics.LearningRate)}, β {Text(ppo.KlCoefficient)}, PTX {Text(ppo.PtxCoefficient)}"),
            new("Multiplier", $"{DemoMethods.Mode(ppo)}, λ from {Text(ppo.Multiplier.Initial)} to at most "
                + $"{Text(ppo.Multiplier.Maximum ?? double.PositiveInfinity)}, budget {Text(ppo.Multiplier.Budget)} deviations of C, window "
                    + $"{ppo.Multiplier.Window}"),
            new("GRPO", $"{settings.Grpo.Rounds} rounds of {settings.Grpo.RolloutBatch} x {settings.Grpo.GroupSize} answers in minibatches of "
                + $"{settings.Grpo.MiniBatch} prompts, actor {Text(settings.Grpo.Actor.LearningRate)}, β {Text(settings.Grpo.KlCoefficient)} (in the reward)"),
            new("PPO-H, PPO-S", $"{settings.PpoHelpful.Rounds} and {settings.PpoSafe.Rounds} rounds"),
            .. settings.Validation ? (NamedValue[])[new("Judged on", "the validation split, where settings are chosen; report the test split")] : [],
            new("Beaver-Guard-V", $"{Steps(settings.Guard, "rows")}, {Text(settings.Guard.PromptShare * 100)} % prompts alone"),
        ];
    }

    private static IReadOnlyList<NamedValue> Versions() =>
    [
        new("SafeRlhfV", typeof(DemoResultsBuilder).Assembly.GetName().Version?.ToString(3) ?? "?"),
        new(".NET", Environment.Version.ToString()),
        new("TorchSharp", typeof(torch).Assembly.GetName().Version?.ToString(3) ?? "?"),
        new("libtorch", torch.__version__),
        new("System", RuntimeInformation.OSDescription),
    ];
}
