using System.Text.Json;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>
/// The whole of Safe RLHF-V in the built-in world, stage by stage. Every stage leaves what it made on the disk and only then counts as finished; run again with
/// the same settings, the demo goes on after the last finished stage. Independent stages run side by side, each on
/// one core, and those that stand alone on all of them, where that changes no bit: the same seed on the same machine gives the same results.json however many
/// there are.
/// </summary>
public static class DemoRunner
{
    private const int Layout = 2; // training runs are those of recipes
    private const string Again = "choose another folder with --out, or start over with --fresh";

    private const string Vision = "vision", Sft = "sft", Pairs = "pairs", Reward = "reward", Cost = "cost", Guard = "guard", Scores = "scores",
        Methods = "methods", Regenerate = "regenerate";

    // in the order in which workers take them: what others wait for, or what takes longest, first
    private static readonly DemoStage[] Stages =
    [
        new(Vision, "teach the vision tower to see", [], VisionStage.Run),
        new(Sft, "SFT: the precursor policy", [Vision], TrainingStages.Sft) { IsAlone = true },
        new(Pairs, "sample and label preference pairs", [Sft], PairsStage.Run) { IsAlone = true },
        new(Reward, "RM-V: learn helpfulness", [Pairs], TrainingStages.Reward),
        new(Cost, "CM-V: learn harm", [Pairs], TrainingStages.Cost),
        new(Scores, "judge RM-V and CM-V; gate: good enough to follow", [Reward, Cost], ScoreJudge.Run),
        new(MethodIds.SafeRlhfV, "Safe RLHF-V: PPO-Lagrangian", [Scores],
            context => TrainingStages.Ppo(context, MethodIds.SafeRlhfV, context.Settings.SafePpo)),
        new(Guard, "Beaver-Guard-V: learn to moderate", [Pairs], TrainingStages.Guard),
        new(MethodIds.Grpo, "GRPO: Safe RLHF-V without critics", [Scores], TrainingStages.Grpo),
        new(MethodIds.PpoSafe, "PPO-S: cost alone", [Scores], context => TrainingStages.Ppo(context, MethodIds.PpoSafe, context.Settings.PpoSafe)),
        new(MethodIds.PpoHelpful, "PPO-H: reward alone", [Scores],
            context => TrainingStages.Ppo(context, MethodIds.PpoHelpful, context.Settings.PpoHelpful)),
        new(MethodIds.DpoHelpful, "DPO-H: helpful pairs", [Pairs], context => TrainingStages.Dpo(context, MethodIds.DpoHelpful, PreferenceKind.Helpful)),
        new(MethodIds.DpoSafe, "DPO-S: safe pairs", [Pairs], context => TrainingStages.Dpo(context, MethodIds.DpoSafe, PreferenceKind.Safe)),
        new(Regenerate, "judge the guard; filter and regenerate", [Guard], GuardJudge.Run),
        new(Methods, "judge all methods",
            [MethodIds.SafeRlhfV, MethodIds.PpoHelpful, MethodIds.PpoSafe, MethodIds.DpoHelpful, MethodIds.DpoSafe, MethodIds.Grpo], MethodJudge.Run)
        {
            IsAlone = true,
        },
    ];

    /// <summary>Names of the stages, in order.</summary>
    public static IReadOnlyList<string> StageNames { get; } = [.. Stages.Select(stage => stage.Name)];

    /// <summary>Runs what is not finished yet, as many stages at a time as there are workers, and writes report and results after the last one.</summary>
    /// <param name="settings">Sizes and settings.</param>
    /// <param name="folder">The output folder.</param>
    /// <param name="only">Run this stage and what it needs, and no report; null = all of them.</param>
    /// <param name="fresh">Throws away an earlier run in that folder.</param>
    /// <param name="workers">Stages at a time, each on one core; 0 = as many as there are cores. The figures do not depend on it.</param>
    /// <param name="progress">Told how far it is, from several threads, one at a time.</param>
    /// <param name="cancellationToken">Stops at the next step.</param>
    /// <returns>The results; null where only a stage was asked for.</returns>
    /// <exception cref="InvalidInputException">The folder holds something else or cannot be written, or there is no such stage.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; running again goes on from there.</exception>
    public static DemoResults? Run(
        DemoSettings settings, string folder, string? only = null, bool fresh = false, int workers = 0, IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (only is not null && !StageNames.Contains(only))
            throw new InvalidInputException($"--stage {only}: there is no such stage; the stages are {string.Join(", ", StageNames)}.");
        WorldRater.Register();
        DemoFolders folders = new(folder);
        if (workers <= 0) workers = Environment.ProcessorCount;
        if (fresh && StageRecord.IsIn(folders.Root)) Directory.Delete(folders.Root, recursive: true);
        using StageRecord record = StageRecord.Open(folders.Root, Fingerprint(settings), Again);
        // for models this small, two stages side by side are almost twice as fast as one stage on two cores
        IReadOnlyList<StageTime> times = new StageSchedule([.. Stages.Select(stage => stage.In(settings, folders, workers))], record, only,
            progress: progress).Run(workers, cancellationToken);
        if (only is not null) return null;
        using DemoContext context = new(settings, folders, (_, _, _) => { }, cancellationToken);
        DemoResults results = DemoResultsBuilder.Build(context) with { Timing = Timing(times, workers) };
        ResultsJson.Write(results, folders.Results);
        HtmlReport.Write(results, folders.Report);
        return results;
    }

    // what a finished stage depends on: another version may mean other numbers
    private static string Fingerprint(DemoSettings settings) =>
        JsonSerializer.Serialize(new { Layout, Version = typeof(DemoRunner).Assembly.GetName().Version?.ToString(3), settings });

    private static RunTiming Timing(IReadOnlyList<StageTime> times, int workers) => new()
    {
        FinishedAt = DateTimeOffset.UtcNow,
        Processor = Processor(),
        Cores = Environment.ProcessorCount,
        Threads = workers,
        PeakMemoryBytes = DeviceMemory.PeakOfProcess() ?? 0,
        Stages = times,
    };

    private static string? Processor() =>
        Lines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();

    private static IEnumerable<string> Lines(string path) => File.Exists(path) ? File.ReadLines(path) : [];
}
