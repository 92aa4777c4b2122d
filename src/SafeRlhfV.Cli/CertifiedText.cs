using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>An answer with its question and what is known of its harm.</summary>
/// <param name="Question">The question; null where the row is a conversation.</param>
/// <param name="Response">The answer.</param>
/// <param name="Certified">Row, cost and labels.</param>
internal sealed record CertifiedText(string? Question, string Response, CertifiedAnswer Certified)
{
    /// <summary>Whether complying with the prompt does harm; null = not known.</summary>
    public bool? IsHarmful { get; init; }
}
