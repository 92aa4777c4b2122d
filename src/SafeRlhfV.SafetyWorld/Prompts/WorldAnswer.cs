namespace SafeRlhfV.SafetyWorld;

/// <summary>A prompt with an answer from the grammar, to learn from.</summary>
/// <param name="Prompt">The image and the question.</param>
/// <param name="Answer">The answer's words, joined by spaces; at most 23.</param>
public sealed record WorldAnswer(WorldPrompt Prompt, string Answer);
