namespace SafeRlhfV.Models;

/// <summary>
/// Text that an answer has grown by. An answer's pieces joined are its whole text (only byte tokens that are no UTF-8 together may have been shown otherwise).
/// </summary>
/// <param name="Prompt">Which prompt, from 0.</param>
/// <param name="Sample">Which of its answers, from 0.</param>
/// <param name="Text">The new text; may be empty in the last piece only.</param>
/// <param name="Finish">Why the answer ends with it; null if it goes on.</param>
/// <param name="IsReasoning">The text is what the model thinks before it answers.</param>
public readonly record struct TextDelta(int Prompt, int Sample, string Text, FinishReason? Finish, bool IsReasoning = false);
