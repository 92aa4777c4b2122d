namespace SafeRlhfV.Cli;

/// <summary>How benchmarks are answered, whoever answers.</summary>
/// <param name="System">A system message; null for none.</param>
/// <param name="AtOnce">Items answered together.</param>
/// <param name="Overwrite">Replace answers that other settings gave.</param>
internal sealed record AnswerSettings(string? System, int AtOnce, bool Overwrite);
