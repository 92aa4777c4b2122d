namespace SafeRlhfV.Evaluation;

/// <summary>What another harness would compute from the same answers, so that published numbers can be compared.</summary>
/// <param name="By">The harness with its version.</param>
/// <param name="Name">The figure of ours that it stands beside.</param>
/// <param name="Of">The part of the items.</param>
/// <param name="Value">Its value, in its own unit.</param>
/// <param name="Unit">The unit.</param>
public sealed record HarnessFigure(string By, string Name, IReadOnlyList<(string Fact, string Value)> Of, double Value, string Unit);
