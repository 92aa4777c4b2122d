using System.Collections.Concurrent;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// The verdicts on a benchmark's answers, on the disk as soon as they are given: nothing is asked twice, and those of other shards are read besides. What could
/// not be asked is not kept.
/// </summary>
public sealed class VerdictJournal : IDisposable
{
    private readonly ConcurrentDictionary<string, ItemVerdict> known = [];
    private readonly AppendOnlyJournal journal;

    /// <summary>Opens or begins a journal.</summary>
    /// <param name="file">The file that new verdicts go to.</param>
    /// <param name="others">Files of other shards.</param>
    /// <exception cref="InvalidInputException">A file is damaged, or this one is in use.</exception>
    public VerdictJournal(string file, IEnumerable<string> others)
    {
        foreach (ItemVerdict verdict in others.Where(File.Exists).SelectMany(AppendOnlyJournal.Read<ItemVerdict>)) known[verdict.Key] = verdict;
        journal = AppendOnlyJournal.Open<ItemVerdict>(file, verdict => known[verdict.Key] = verdict);
    }

    /// <summary>The verdict of a task; null where there is none yet.</summary>
    public ItemVerdict? Find(ScoringTask task) => known.GetValueOrDefault(task.Key);

    /// <summary>Keeps a verdict, unless it says that nothing could be asked.</summary>
    public void Keep(ItemVerdict verdict)
    {
        if (verdict.Status != VerdictStatus.Error && known.TryAdd(verdict.Key, verdict)) journal.Append(verdict);
    }

    /// <inheritdoc/>
    public void Dispose() => journal.Dispose();
}
