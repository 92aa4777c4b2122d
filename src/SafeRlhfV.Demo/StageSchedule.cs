using System.Diagnostics;
using System.Runtime.ExceptionServices;
using TorchSharp;

namespace SafeRlhfV.Demo;

/// <summary>
/// Runs stages as soon as those before them are finished, each on a thread of its own with one core for its arithmetic: for models this small, two stages side
/// by side are almost twice as fast as one stage on two cores, and the numbers do not depend on how many cores there are.
/// </summary>
internal sealed class StageSchedule
{
    private readonly DemoStage[] stages;
    private readonly StageRecord record;
    private readonly DemoSettings settings;
    private readonly DemoFolders folders;
    private readonly IProgress<DemoProgress>? progress;
    private readonly object gate = new();
    private readonly HashSet<string> started = [], finished = [];
    private readonly List<StageTime> times = [];
    private Exception? failure;

    public StageSchedule(IReadOnlyList<DemoStage> all, string? only, StageRecord record, DemoSettings settings, DemoFolders folders,
        IProgress<DemoProgress>? progress)
    {
        (this.record, this.settings, this.folders, this.progress) = (record, settings, folders, progress);
        HashSet<string> wanted = only is null ? [.. all.Select(stage => stage.Name)] : Needs(all, only);
        stages = [.. all.Where(stage => wanted.Contains(stage.Name))];
    }

    /// <summary>Runs all that is wanted and gives the times, in the stages' order. The first failure stops the others at their next step.</summary>
    public List<StageTime> Run(int workers, CancellationToken cancellationToken)
    {
        foreach (DemoStage stage in stages)
        {
            if (record.Seconds(stage.Name) is not { } before) continue;
            started.Add(stage.Name);
            finished.Add(stage.Name);
            times.Add(new StageTime(stage.Name, before, true));
            Tell(stage, 1, 1, "", StageState.Resumed);
        }
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Thread[] threads = [.. Enumerable.Range(0, Math.Min(workers, stages.Length))
            .Select(number => new Thread(() => Work(stop)) { Name = $"stages {number}", IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        return [.. times.OrderBy(time => Array.FindIndex(stages, stage => stage.Name == time.Name))];
    }

    private static HashSet<string> Needs(IReadOnlyList<DemoStage> all, string name)
    {
        HashSet<string> needed = [name];
        foreach (string before in all.First(stage => stage.Name == name).After) needed.UnionWith(Needs(all, before));
        return needed;
    }

    private void Work(CancellationTokenSource stop)
    {
        torch.set_num_threads(1); // holds for this thread
        try
        {
            while (Take(stop.Token) is { } stage) Run(stage, stop.Token);
        }
        catch (Exception error)
        {
            lock (gate)
            {
                // what the other workers say once they are stopped is not the cause
                if (failure is null or OperationCanceledException) failure = error;
                Monitor.PulseAll(gate);
            }
            stop.Cancel();
        }
    }

    /// <summary>The next stage whose time has come; waits for one while others may make one ready, and gives null when nothing is left.</summary>
    private DemoStage? Take(CancellationToken cancellationToken)
    {
        lock (gate)
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (failure is not null || started.Count == stages.Length) return null;
                if (Array.Find(stages, stage => !started.Contains(stage.Name) && stage.After.All(finished.Contains)) is { } ready)
                {
                    started.Add(ready.Name);
                    return ready;
                }
                Monitor.Wait(gate, TimeSpan.FromMilliseconds(200));
            }
    }

    private void Run(DemoStage stage, CancellationToken cancellationToken)
    {
        Tell(stage, 0, 0, "", StageState.Running);
        long start = Stopwatch.GetTimestamp();
        using DemoContext context = new(settings, folders, (done, total, figures) => Tell(stage, done, total, figures, StageState.Running), cancellationToken);
        string result = stage.Run(context);
        double seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 2);
        lock (gate)
        {
            record.Finish(stage.Name, seconds);
            times.Add(new StageTime(stage.Name, seconds));
            finished.Add(stage.Name);
            Monitor.PulseAll(gate);
        }
        Tell(stage, 1, 1, result, StageState.Finished);
    }

    private void Tell(DemoStage stage, long done, long total, string figures, StageState state)
    {
        if (progress is null) return;
        lock (progress) progress.Report(new DemoProgress(stage.Name, stage.Title, Array.IndexOf(stages, stage) + 1, stages.Length, done, total, figures,
            state));
    }
}
