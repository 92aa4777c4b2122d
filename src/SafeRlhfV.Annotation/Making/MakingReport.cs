using System.Text.Json.Nodes;

namespace SafeRlhfV.Annotation;

/// <summary>What a run of <c>data make</c> did.</summary>
public sealed record MakingReport
{
    /// <summary>Images found.</summary>
    public required int Images { get; init; }

    /// <summary>Images left out: they cannot be decoded, repeat another, or have no category.</summary>
    public required IReadOnlyList<string> ImagesLeftOut { get; init; }

    /// <summary>Questions written.</summary>
    public required int Questions { get; init; }

    /// <summary>Images, categories and severities that the asking model found not to fit.</summary>
    public required int Unfit { get; init; }

    /// <summary>Pairs written to the data set.</summary>
    public required int Pairs { get; init; }

    /// <summary>Pairs left out because the judgements agree too little; they stand in contested.jsonl of the working folder.</summary>
    public required int Contested { get; init; }

    /// <summary>Answers left out, by reason: empty, cut off at the most tokens, stopped by a filter, equal to the other.</summary>
    public required IReadOnlyDictionary<string, int> AnswersLeftOut { get; init; }

    /// <summary>Replies that were no readable JSON of the right form, by stage; each was asked for again as often as the settings say.</summary>
    public required IReadOnlyDictionary<string, int> ParseFailures { get; init; }

    /// <summary>Work without result because its calls failed for good, and why; the next run tries it again.</summary>
    public required IReadOnlyDictionary<string, int> Failures { get; init; }

    /// <summary>Judgements read.</summary>
    public required int Judgements { get; init; }

    /// <summary>Of judgements made in both orders, the share whose helpfulness choice changed with the order.</summary>
    public required double OrderDependentHelpful { get; init; }

    /// <summary>The same for safety.</summary>
    public required double OrderDependentSafe { get; init; }

    /// <summary>Share of judgements that found the answer shown first more helpful; one half where order does not matter.</summary>
    public required double FirstPreferredHelpful { get; init; }

    /// <summary>The same for safety.</summary>
    public required double FirstPreferredSafe { get; init; }

    /// <summary>Agreement between the repeated judgements (all pairs judged, contested ones too).</summary>
    public required JsonObject Agreement { get; init; }

    /// <summary>Tokens and cost by model, of all runs together.</summary>
    public required IReadOnlyDictionary<string, ModelTally> Tally { get; init; }

    /// <summary>What all calls have cost.</summary>
    public required double Cost { get; init; }

    /// <summary>Whether the budget stopped the work.</summary>
    public required bool BudgetSpent { get; init; }

    /// <summary>Shards of a shared job without result: the budget stopped the work, or their workers were lost again and again.</summary>
    public IReadOnlyList<int> MissingShards { get; init; } = [];

    /// <summary>The data set; null where no pair came of it.</summary>
    public required string? Folder { get; init; }

    /// <summary>Whether every image got all that was asked for it.</summary>
    public bool IsComplete => Failures.Count == 0 && MissingShards.Count == 0;
}
