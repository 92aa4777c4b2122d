namespace SafeRlhfV.Demo;

/// <summary>A method's answers to the test prompts, with what the score models say of them.</summary>
/// <param name="Id">The method's key.</param>
/// <param name="Texts">One answer a prompt.</param>
/// <param name="Rewards">Calibrated R.</param>
/// <param name="Costs">Calibrated C.</param>
internal sealed record MethodAnswers(string Id, IReadOnlyList<string> Texts, IReadOnlyList<double> Rewards, IReadOnlyList<double> Costs);
