using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace SafeRlhfV.Core;

/// <summary>
/// Runs stages as soon as those before them are finished, each worker on a thread of its own. A finished stage whose inputs have not changed is skipped; one
/// that was stopped or killed is run again and told that it may continue.
/// </summary>
public sealed class StageSchedule
{
    private readonly Stage[] stages;
    private readonly StageRecord record;
    private readonly IReadOnlyDictionary<string, string> prints;
    private readonly IProgress<StageProgress>? progress;
    private readonly object gate = new();
    private readonly HashSet<string> started = [], finished = [], again;
    private readonly List<StageTime> times = [];
    private Exception? failure;

    /// <summary>Prepares a run.</summary>
    /// <param name="all">All stages, in the order in which workers take them; each stands after those that it depends on.</param>
    /// <param name="record">What is finished.</param>
    /// <param name="only">Runs this stage and what it needs; null = all.</param>
    /// <param name="from">Runs this stage anew, and what depends on it; null = what is not finished.</param>
    /// <param name="progress">Told how far it is, from several threads, one at a time.</param>
    public StageSchedule(IReadOnlyList<Stage> all, StageRecord record, string? only = null, string? from = null, IProgress<StageProgress>? progress = null)
    {
        (this.record, this.progress, prints) = (record, progress, StagePrints.Of(all));
        HashSet<string> wanted = only is null ? [.. all.Select(stage => stage.Name)] : Needs(all, only);
        stages = [.. all.Where(stage => wanted.Contains(stage.Name))];
        again = from is null ? [] : [.. StagePrints.From(all, from)];
    }

    /// <summary>What a run would do, in order: stages that are not finished, or whose inputs have changed, or that are to be run anew.</summary>
    public IReadOnlyList<string> Open => [.. stages.Where(stage => Finished(stage) is null).Select(stage => stage.Name)];

    /// <summary>Runs all that is wanted and gives the times, in the stages' order. The first failure stops the others at their next step.</summary>
    /// <param name="workers">Stages at a time.</param>
    /// <param name="cancellationToken">Stops at the next step.</param>
    public IReadOnlyList<StageTime> Run(int workers, CancellationToken cancellationToken)
    {
        record.Forget([.. again]);
        foreach (Stage stage in stages)
        {
            if (Finished(stage) is not { } before) continue;
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

    private static HashSet<string> Needs(IReadOnlyList<Stage> all, string name)
    {
        HashSet<string> needed = [name];
        foreach (string before in all.First(stage => stage.Name == name).After) needed.UnionWith(Needs(all, before));
        return needed;
    }

    private double? Finished(Stage stage) => again.Contains(stage.Name) ? null : record.Seconds(stage, prints[stage.Name]);

    private void Work(CancellationTokenSource stop)
    {
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
    private Stage? Take(CancellationToken cancellationToken)
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

    private void Run(Stage stage, CancellationToken cancellationToken)
    {
        Tell(stage, 0, 0, "", StageState.Running);
        long start = Stopwatch.GetTimestamp();
        bool resumes;
        lock (gate) resumes = record.Begin(stage, prints[stage.Name]);
        string result = stage.Run(new StageWork(resumes, (done, total, figures) => Tell(stage, done, total, figures, StageState.Running), cancellationToken));
        double seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 2);
        lock (gate)
        {
            record.Finish(stage, seconds);
            times.Add(new StageTime(stage.Name, seconds));
            finished.Add(stage.Name);
            Monitor.PulseAll(gate);
        }
        Tell(stage, 1, 1, result, StageState.Finished);
    }

    private void Tell(Stage stage, long done, long total, string figures, StageState state)
    {
        if (progress is null) return;
        lock (progress) progress.Report(new StageProgress(stage.Name, stage.Title, Array.IndexOf(stages, stage) + 1, stages.Length, done, total, figures,
            state));
    }
}
