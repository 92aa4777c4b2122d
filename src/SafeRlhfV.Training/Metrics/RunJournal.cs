using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// What is written of a run step by step: metrics and times as JSON lines, TensorBoard events, alarms. When a run is resumed, metrics go back to the
/// checkpoint's, and events and alarms are made anew from them: nothing tells of steps that are run again.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    private const string AlarmsFile = "alarms.jsonl", EventsFolder = "tensorboard";

    private readonly string? folder;
    private readonly string name;
    private readonly RunAlarms alarms;
    private readonly MetricsLog? log;
    private readonly TensorBoardFile? events;

    /// <summary>Opens the journal of a run that stands at a checkpoint.</summary>
    /// <param name="folder">The run's folder; null: only alarms are looked for.</param>
    /// <param name="name">The run's name.</param>
    /// <param name="kept">The metrics that the checkpoint holds; null: none, the run begins.</param>
    /// <param name="costLimit">As <see cref="RunOptions.CostLimit"/>.</param>
    /// <param name="judge">As <see cref="RunOptions.Judge"/>.</param>
    public RunJournal(string? folder, string name, byte[]? kept, double? costLimit, JudgeSettings? judge = null)
    {
        (this.folder, this.name, alarms) = (folder, name, new RunAlarms(costLimit, judge));
        if (folder is null) return;
        log = new MetricsLog(folder, kept);
        events = new TensorBoardFile(Path.Combine(folder, EventsFolder), DateTimeOffset.UtcNow);
        File.Delete(Path.Combine(folder, AlarmsFile));
        if (kept is null) return;
        Dictionary<long, DateTimeOffset> times = MetricsLog.ReadTimes(Path.Combine(folder, MetricsLog.TimesFileName));
        foreach ((long step, IReadOnlyDictionary<string, double> values) in MetricsLog.Read(Path.Combine(folder, MetricsLog.FileName)))
        {
            AddEvent(times.GetValueOrDefault(step, DateTimeOffset.UtcNow), step, values);
            AddAlarms(step, alarms.Check(step, values));
        }
        events.Flush();
    }

    /// <summary>Why the last step raised the alarm of the held-out judge; null = it did not.</summary>
    public string? Hacking => alarms.IsHacking == true ? alarms.WordsOfJudge : null;

    /// <summary>Takes in a step.</summary>
    /// <returns>The alarms that it raised.</returns>
    public IReadOnlyList<string> Add(long step, IReadOnlyDictionary<string, double> values, IReadOnlyDictionary<string, double> times)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        IReadOnlyList<string> raised = alarms.Check(step, values);
        if (alarms.IsHacking is { } hacking) values = new Dictionary<string, double>(values) { ["reward_hacking"] = hacking ? 1 : 0 };
        log?.Add(step, values);
        log?.AddTimes(step, now, times);
        AddEvent(now, step, values);
        events?.Flush();
        AddAlarms(step, raised);
        return raised;
    }

    /// <summary>Puts the metrics so far into a checkpoint.</summary>
    public void CopyTo(string target) => log?.CopyTo(target);

    public void Dispose()
    {
        log?.Dispose();
        events?.Dispose();
    }

    private void AddEvent(DateTimeOffset time, long step, IReadOnlyDictionary<string, double> values) =>
        events?.Add(time, step, values.Select(pair => KeyValuePair.Create($"{name}/{pair.Key}", pair.Value)));

    private void AddAlarms(long step, IReadOnlyList<string> raised)
    {
        if (folder is null || raised.Count == 0) return;
        File.AppendAllLines(Path.Combine(folder, AlarmsFile), raised.Select(alarm => JsonSerializer.Serialize(new { step, alarm })));
    }
}
