namespace SafeRlhfV.Evaluation;

/// <summary>Two models' answers to one question, compared in both orders.</summary>
/// <param name="First">One model.</param>
/// <param name="Second">The other.</param>
/// <param name="OneOrder">Who won with the first shown first: a model's name or <see cref="Tie"/>; null where it could not be read.</param>
/// <param name="OtherOrder">Who won with the second shown first.</param>
public sealed record Battle(string First, string Second, string? OneOrder, string? OtherOrder)
{
    /// <summary>Neither won.</summary>
    public const string Tie = "tie";

    /// <summary>The common winner, a tie where the orders disagree, null where one could not be read.</summary>
    public string? Winner => OneOrder is null || OtherOrder is null ? null : OneOrder == OtherOrder ? OneOrder : Tie;
}
