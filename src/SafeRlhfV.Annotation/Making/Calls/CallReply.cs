namespace SafeRlhfV.Annotation;

/// <summary>A model's answer, as the journal keeps it.</summary>
/// <param name="Key">The request's key.</param>
/// <param name="At">When it came.</param>
/// <param name="Model">The model's name in the settings.</param>
/// <param name="Stage">question, answer or judge.</param>
/// <param name="Text">The answer.</param>
/// <param name="Finish">Why it ended: stop, length, content_filter.</param>
/// <param name="InputTokens">Tokens asked; null where the service did not say.</param>
/// <param name="OutputTokens">Tokens answered; null where the service did not say.</param>
/// <param name="Cost">What it cost at the prices of the time.</param>
internal sealed record CallReply(string Key, DateTimeOffset At, string Model, string Stage, string Text, string Finish, long? InputTokens, long? OutputTokens,
    double Cost);
