using System.Text.Json.Nodes;

namespace SafeRlhfV.Annotation;

/// <summary>What a labelling job came to.</summary>
public sealed record LabellingReport
{
    /// <summary>Pairs looked at.</summary>
    public required long Pairs { get; init; }

    /// <summary>Pairs with labels in the data set.</summary>
    public required int Labelled { get; init; }

    /// <summary>Pairs left out because the judgements agree too little; they are the data set <c>contested</c> of the working folder.</summary>
    public required int Contested { get; init; }

    /// <summary>Pairs that cannot be judged, by reason; left-out.jsonl of the working folder names them.</summary>
    public required IReadOnlyDictionary<string, int> LeftOut { get; init; }

    /// <summary>Replies that could not be read; each was asked for again as often as the settings say.</summary>
    public required int ParseFailures { get; init; }

    /// <summary>Pairs without result because their calls failed for good, and why.</summary>
    public required IReadOnlyDictionary<string, int> Failures { get; init; }

    /// <summary>Shards without result: the budget stopped the work, or their workers were lost again and again.</summary>
    public required IReadOnlyList<int> MissingShards { get; init; }

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

    /// <summary>Agreement between the repeated judgements; of more than 200,000 judgements, the first ones.</summary>
    public required JsonObject Agreement { get; init; }

    /// <summary>Tokens and cost by model, of all workers together.</summary>
    public required IReadOnlyDictionary<string, ModelTally> Tally { get; init; }

    /// <summary>What all calls have cost.</summary>
    public required double Cost { get; init; }

    /// <summary>Whether the budget stopped the work.</summary>
    public required bool BudgetSpent { get; init; }

    /// <summary>The data set; null where it is not written.</summary>
    public required string? Folder { get; init; }

    /// <summary>Whether every pair was judged.</summary>
    public bool IsComplete => Failures.Count == 0 && LeftOut.Count == 0 && MissingShards.Count == 0;
}
