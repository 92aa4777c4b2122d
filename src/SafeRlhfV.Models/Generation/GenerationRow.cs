namespace SafeRlhfV.Models;

/// <summary>One row of a generation.</summary>
/// <param name="Text">Valid tokens of the prompt, then the answer's so far; kept only where a rule looks at them.</param>
/// <param name="PromptLength">Valid tokens of the prompt.</param>
/// <param name="Limit">Most tokens that the answer may have.</param>
internal sealed record GenerationRow(List<int> Text, int PromptLength, int Limit);
