using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>What a labelling job came to. Contested pairs are the data set <c>contested</c> of the working folder.</summary>
public sealed record LabellingReport : JobReport
{
    internal LabellingReport(ShardedResult result, IReadOnlyList<AnnotationRecord> judgements, string? folder) : base(result, judgements, folder)
    {
        ShardCounts counts = result.Counts;
        (Pairs, Labelled, LeftOut, ParseFailures) = (counts.Items, counts.Pairs, counts.LeftOut, counts.ParseFailures.Values.Sum());
    }

    /// <summary>Pairs looked at.</summary>
    public long Pairs { get; }

    /// <summary>Pairs with labels in the data set.</summary>
    public int Labelled { get; }

    /// <summary>Pairs that cannot be judged, by reason; left-out.jsonl of the working folder names them.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; }

    /// <summary>Replies that could not be read; each was asked for again as often as the settings say.</summary>
    public int ParseFailures { get; }

    /// <summary>Whether every pair was judged.</summary>
    public override bool IsComplete => base.IsComplete && LeftOut.Count == 0;
}
