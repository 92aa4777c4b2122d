using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>What a job that asks models and judges pairs came to: the part that <c>data make</c> and <c>data label</c> have in common.</summary>
public abstract record JobReport
{
    private protected JobReport(ShardedResult result, IReadOnlyList<AnnotationRecord> judgements, string? folder)
    {
        ShardCounts counts = result.Counts;
        (Contested, Failures, MissingShards) = (counts.Contested, counts.Failures, result.Missing);
        Judgements = counts.Order.Judgements;
        OrderDependentHelpful = OrderCounts.Share(counts.Order.ChangedHelpful, counts.Order.Both);
        OrderDependentSafe = OrderCounts.Share(counts.Order.ChangedSafe, counts.Order.Both);
        FirstPreferredHelpful = OrderCounts.Share(counts.Order.FirstHelpful, counts.Order.Judgements);
        FirstPreferredSafe = OrderCounts.Share(counts.Order.FirstSafe, counts.Order.Judgements);
        Agreement = AnnotationAgreement.Describe(judgements);
        (Tally, Cost, BudgetSpent, Folder) = (counts.Tally, counts.Cost, result.IsSpent, folder);
    }

    /// <summary>Pairs left out because the judgements agree too little; they stand in the working folder.</summary>
    public int Contested { get; }

    /// <summary>Work without result because its calls failed for good, and why; the next run tries it again.</summary>
    public IReadOnlyDictionary<string, int> Failures { get; }

    /// <summary>Shards without result: the budget stopped the work, or their workers were lost again and again.</summary>
    public IReadOnlyList<int> MissingShards { get; }

    /// <summary>Judgements read.</summary>
    public int Judgements { get; }

    /// <summary>Of judgements made in both orders, the share whose helpfulness choice changed with the order.</summary>
    public double OrderDependentHelpful { get; }

    /// <summary>The same for safety.</summary>
    public double OrderDependentSafe { get; }

    /// <summary>Share of judgements that found the answer shown first more helpful; one half where order does not matter.</summary>
    public double FirstPreferredHelpful { get; }

    /// <summary>The same for safety.</summary>
    public double FirstPreferredSafe { get; }

    /// <summary>Agreement between the repeated judgements, contested pairs included; of a shared job with very many, of the first ones.</summary>
    public JsonObject Agreement { get; }

    /// <summary>Tokens and cost by model, of all runs and workers together.</summary>
    public IReadOnlyDictionary<string, ModelTally> Tally { get; }

    /// <summary>What all calls have cost.</summary>
    public double Cost { get; }

    /// <summary>Whether the budget stopped the work.</summary>
    public bool BudgetSpent { get; }

    /// <summary>The data set; null where none is written.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether all that was asked for has a result.</summary>
    public virtual bool IsComplete => Failures.Count == 0 && MissingShards.Count == 0;
}
