using System.Diagnostics;
using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Training;
using TorchSharp;

namespace SafeRlhfV.Demo;

/// <summary>
/// The whole of Safe RLHF-V in the built-in world, stage by stage. Every stage leaves what it made on the disk and only then counts as finished; run again with
/// the same settings, the demo goes on after the last finished stage. Same seed, machine and threads: same results.json.
/// </summary>
public static class DemoRunner
{
    private static readonly DemoStage[] Stages =
    [
        new("vision", "teach the vision tower to see", VisionStage.Run),
        new("sft", "SFT: the precursor policy", SftStage.Run),
        new("pairs", "sample and label preference pairs", PairsStage.Run),
        new("reward", "RM-V: learn helpfulness", ScoreStages.Reward),
        new("cost", "CM-V: learn harm", ScoreStages.Cost),
        new("scores", "judge RM-V and CM-V", ScoreJudge.Run),
        new(MethodIds.PpoHelpful, "PPO-H: reward alone", context => PolicyStages.Ppo(context, MethodIds.PpoHelpful, context.Settings.PpoHelpful)),
        new(MethodIds.PpoSafe, "PPO-S: cost alone", context => PolicyStages.Ppo(context, MethodIds.PpoSafe, context.Settings.PpoSafe)),
        new(MethodIds.DpoHelpful, "DPO-H: helpful pairs", context => PolicyStages.Dpo(context, MethodIds.DpoHelpful, PreferenceKind.Helpful)),
        new(MethodIds.DpoSafe, "DPO-S: safe pairs", context => PolicyStages.Dpo(context, MethodIds.DpoSafe, PreferenceKind.Safe)),
        new(MethodIds.SafeRlhfV, "Safe RLHF-V: PPO-Lagrangian", context => PolicyStages.Ppo(context, MethodIds.SafeRlhfV, context.Settings.SafePpo)),
        new("guard", "Beaver-Guard-V: learn to moderate", ScoreStages.Guard),
        new("methods", "judge all methods", MethodJudge.Run),
        new("regenerate", "judge the guard; filter and regenerate", GuardJudge.Run),
    ];

    /// <summary>Names of the stages, in order.</summary>
    public static IReadOnlyList<string> StageNames { get; } = [.. Stages.Select(stage => stage.Name)];

    /// <summary>Runs what is not finished yet, up to <paramref name="lastStage"/>, and writes report and results after the last one.</summary>
    /// <param name="settings">Sizes and settings.</param>
    /// <param name="folder">The output folder.</param>
    /// <param name="lastStage">The stage to stop after; null = all of them.</param>
    /// <param name="fresh">Throws away an earlier run in that folder.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Stops at the next step.</param>
    /// <returns>The results; null where <paramref name="lastStage"/> stopped it before the report.</returns>
    /// <exception cref="InvalidInputException">The folder holds something else or cannot be written, or there is no such stage.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; running again goes on from there.</exception>
    public static DemoResults? Run(DemoSettings settings, string folder, string? lastStage = null, bool fresh = false, IProgress<DemoProgress>? progress = null, CancellationToken cancel = default)
    {
        int last = lastStage is null ? Stages.Length - 1 : Array.FindIndex(Stages, stage => stage.Name == lastStage);
        if (last < 0) throw new InvalidInputException($"--stage {lastStage}: there is no such stage; the stages are {string.Join(", ", StageNames)}.");
        DemoFolders folders = new(folder);
        int threads = settings.Threads > 0 ? settings.Threads : Environment.ProcessorCount;
        torch.set_num_threads(threads);
        if (fresh && File.Exists(folders.Stages)) Directory.Delete(folders.Root, recursive: true);
        StageRecord record = StageRecord.Open(folders, Fingerprint(settings with { Threads = threads }));

        List<StageTime> times = [];
        DemoStage current = Stages[0];
        int number = 0;
        void Tell(long done, long total, string figures, StageState state) => progress?.Report(new DemoProgress(current.Name, current.Title, number, Stages.Length, done, total, figures, state));
        using DemoContext context = new(settings, folders, (done, total, figures) => Tell(done, total, figures, StageState.Running), cancel);
        foreach (DemoStage stage in Stages[..(last + 1)])
        {
            (current, number) = (stage, number + 1);
            if (record.Seconds(stage.Name) is { } before)
            {
                Tell(1, 1, "", StageState.Resumed);
                times.Add(new StageTime(stage.Name, before, true));
                continue;
            }
            cancel.ThrowIfCancellationRequested();
            Tell(0, 0, "", StageState.Running);
            long started = Stopwatch.GetTimestamp();
            string figures = stage.Run(context);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            record.Finish(stage.Name, seconds);
            times.Add(new StageTime(stage.Name, Math.Round(seconds, 2), false));
            Tell(1, 1, figures, StageState.Finished);
        }
        if (last < Stages.Length - 1) return null;
        DemoResults results = DemoResultsBuilder.Build(context) with { Timing = Timing(times, threads) };
        ResultsJson.Write(results, folders.Results);
        HtmlReport.Write(results, folders.Report);
        return results;
    }

    // what a finished stage depends on: another version may mean other numbers
    private static string Fingerprint(DemoSettings settings) => JsonSerializer.Serialize(new { Version = typeof(DemoRunner).Assembly.GetName().Version?.ToString(3), settings });

    private static RunTiming Timing(IReadOnlyList<StageTime> times, int threads) => new()
    {
        FinishedAt = DateTimeOffset.UtcNow,
        Processor = Processor(),
        Cores = Environment.ProcessorCount,
        Threads = threads,
        PeakMemoryBytes = PeakMemory(),
        Stages = times,
    };

    private static string? Processor() => Lines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();

    private static long PeakMemory() => Lines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmHWM", StringComparison.Ordinal)) is { } line
        ? 1024 * long.Parse(new string([.. line.Where(char.IsAsciiDigit)]), System.Globalization.CultureInfo.InvariantCulture)
        : 0;

    private static IEnumerable<string> Lines(string path) => File.Exists(path) ? File.ReadLines(path) : [];
}
