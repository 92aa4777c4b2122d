namespace SafeRlhfV.Models;

/// <summary>Segments that attend each to itself only, gathered into runs of equal length so that a run is one batched product.</summary>
/// <param name="Start">First patch.</param>
/// <param name="Segments">Segments in the run.</param>
/// <param name="Length">Patches of each.</param>
internal readonly record struct AttentionRun(int Start, int Segments, int Length)
{
    /// <summary>The runs of consecutive segments of these lengths.</summary>
    public static IReadOnlyList<AttentionRun> Of(IReadOnlyList<int> lengths)
    {
        List<AttentionRun> runs = [];
        int start = 0;
        foreach (int length in lengths)
        {
            if (runs.Count > 0 && runs[^1].Length == length) runs[^1] = runs[^1] with { Segments = runs[^1].Segments + 1 };
            else runs.Add(new(start, 1, length));
            start += length;
        }
        return runs;
    }
}
