using System.Collections.Concurrent;

namespace SafeRlhfV.Annotation;

/// <summary>What went wrong, counted by reason.</summary>
internal sealed class MakingCounts
{
    public ConcurrentDictionary<string, int> AnswersLeftOut { get; } = [];
    public ConcurrentDictionary<string, int> ParseFailures { get; } = [];
    public ConcurrentDictionary<string, int> Failures { get; } = [];

    public static void Add(ConcurrentDictionary<string, int> counts, string reason) => counts.AddOrUpdate(reason, 1, (_, count) => count + 1);

    public IReadOnlyDictionary<string, int> Of(ConcurrentDictionary<string, int> counts) =>
        counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary();
}
