using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Which pair comes next, which are disputed, and what is settled.</summary>
internal static class AnnotationQueue
{
    /// <summary>The annotator's next pair: one begun, else one that waits for a further label, else a new one. Null where nothing is left.</summary>
    public static AnnotationItem? Next(AnnotationStore store, string annotator)
    {
        AnnotationItem? waiting = null, fresh = null;
        foreach (AnnotationItem item in store.Order)
        {
            ItemState state = store.StateOf(AnnotationStore.Annotate, annotator, item.Id);
            if (state.IsDone || state.IsSkipped) continue;
            if (state.Choices.Count > 0) return item;
            if (fresh is not null && waiting is not null) continue;
            int others = store.TouchedBy(item.Id).Count;
            if (others >= store.Needed(item)) continue;
            if (others > 0) waiting ??= item;
            else fresh ??= item;
        }
        return waiting ?? fresh;
    }

    /// <summary>The pairs whose annotators disagree and on which no last word was spoken.</summary>
    public static IReadOnlyList<AnnotationItem> Disputed(AnnotationStore store) => [.. store.Order.Where(item =>
        store.LabelsOf(AnnotationStore.Annotate, item) is { Count: > 1 } labels && Disagree([.. labels.Select(label => label.Label)])
        && store.LabelsOf(AnnotationStore.Adjudicate, item).Count == 0)];

    /// <summary>Whether labels differ in a preference, in safe or unsafe, in the category, or in a grade by two or more.</summary>
    public static bool Disagree(IReadOnlyList<AnnotationRecord> labels)
    {
        bool Differ<T>(Func<AnnotationRecord, T> of) => labels.Select(of).Distinct().Count() > 1;
        bool Far(Func<AnnotationRecord, int> of) => labels.Max(of) - labels.Min(of) >= 2;
        return Differ(label => label.MoreHelpful) || Differ(label => label.Safer) || Differ(label => label.Harmless1 >= 0)
            || Differ(label => label.Harmless2 >= 0) || Differ(label => label.Category)
            || Far(label => label.Harmless1) || Far(label => label.Harmless2) || Far(label => label.Helpful1) || Far(label => label.Helpful2)
            || Far(label => label.Severity ?? 0);
    }

    /// <summary>
    /// The labels that a pair ends with: the last word, else what enough annotators agree on, between two middle grades the lower. Null where it is not
    /// settled.
    /// </summary>
    public static AnnotationRecord? Settle(AnnotationStore store, AnnotationItem item)
    {
        if (store.LabelsOf(AnnotationStore.Adjudicate, item) is { Count: > 0 } last) return last[^1].Label;
        AnnotationRecord[] labels = [.. store.LabelsOf(AnnotationStore.Annotate, item).Select(label => label.Label)];
        if (labels.Length < store.Needed(item) || labels.Length == 0 || Disagree(labels)) return null;
        int Median(Func<AnnotationRecord, int> of) => labels.Select(of).Order().ElementAt((labels.Length - 1) / 2);
        return labels[0] with
        {
            Annotator = "settled",
            Harmless1 = Median(label => label.Harmless1),
            Harmless2 = Median(label => label.Harmless2),
            Helpful1 = Median(label => label.Helpful1),
            Helpful2 = Median(label => label.Helpful2),
            Severity = Median(label => label.Severity ?? 0),
        };
    }

    /// <summary>What each annotator said before the machine's labels were shown.</summary>
    public static IReadOnlyList<AnnotationRecord> Records(AnnotationStore store) =>
        [.. store.Items.SelectMany(item => store.LabelsOf(AnnotationStore.Annotate, item).Select(label => label.Own))];
}
