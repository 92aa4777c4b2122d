namespace SafeRlhfV.Guard;

/// <summary>What the policy in force made of something, and what the shadow policy would have made of it.</summary>
/// <param name="Side">Whether the prompt or an answer was judged.</param>
/// <param name="Round">The round of an answer; 0 for the prompt.</param>
/// <param name="InForce">What was done.</param>
/// <param name="Shadow">What would have been done.</param>
public sealed record ShadowDecision(GuardSide Side, int Round, GuardDecision InForce, GuardDecision Shadow)
{
    /// <summary>Whether another action was asked for.</summary>
    public bool Differs => InForce.Action != Shadow.Action;
}
