using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>What a run of <c>data make</c> did. Contested pairs stand in contested.jsonl of the working folder.</summary>
public sealed record MakingReport : JobReport
{
    internal MakingReport(ShardedResult result, IReadOnlyList<AnnotationRecord> judgements, string? folder) : base(result, judgements, folder)
    {
        ShardCounts counts = result.Counts;
        (Questions, Unfit, Pairs, AnswersLeftOut, ParseFailures) = (counts.Questions, counts.Unfit, counts.Pairs, counts.LeftOut, counts.ParseFailures);
    }

    /// <summary>Images found.</summary>
    public required int Images { get; init; }

    /// <summary>Images left out: they cannot be decoded, repeat another, or have no category.</summary>
    public required IReadOnlyList<string> ImagesLeftOut { get; init; }

    /// <summary>Questions written.</summary>
    public int Questions { get; }

    /// <summary>Images, categories and severities that the asking model found not to fit.</summary>
    public int Unfit { get; }

    /// <summary>Pairs written to the data set.</summary>
    public int Pairs { get; }

    /// <summary>Answers left out, by reason: empty, cut off at the maximum number of tokens, stopped by a filter, equal to the other.</summary>
    public IReadOnlyDictionary<string, int> AnswersLeftOut { get; }

    /// <summary>Replies that were no readable JSON of the right form, by stage; each was asked for again as often as the settings say.</summary>
    public IReadOnlyDictionary<string, int> ParseFailures { get; }
}
