namespace SafeRlhfV.Data;

/// <summary>An answer of a record and what its source says of it.</summary>
/// <param name="Messages">The answer: one message, but for sources whose answers go on for several turns.</param>
/// <param name="Unsafe">Whether it is unsafe; null where the source does not say.</param>
/// <param name="Rates">How it was rated.</param>
/// <param name="From">Who wrote it.</param>
public sealed record RecordAnswer(IReadOnlyList<ConversationMessage> Messages, bool? Unsafe, AnswerRates Rates, string? From)
{
    /// <summary>The answer's text.</summary>
    /// <exception cref="InvalidInputException">The answer is not one message of text.</exception>
    public string Text => Messages is [{ ImageCount: 0 } only] ? only.Text
        : throw new InvalidInputException("an answer of several messages, or with an image, is not supported; cut it to one message of text.");
}
