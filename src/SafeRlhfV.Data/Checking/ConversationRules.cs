namespace SafeRlhfV.Data;

/// <summary>The rules of a row's messages: roles alternate and end with a question, and there are as many image parts as images.</summary>
internal static class ConversationRules
{
    public static IEnumerable<Finding> Check(DatasetRow row)
    {
        IReadOnlyList<ConversationMessage> messages = row.Messages!;
        if (Roles(messages) is { } wrong) yield return RowRules.Error(row, Fault.Roles, $"{wrong}; mend the messages or drop the row.", "messages");
        if (messages.Any(message => message.Role != ConversationRole.User && message.ImageCount > 0))
            yield return RowRules.Error(row, Fault.ImageInAnswer,
                "an image is in a message that is not the user's; move it to a user message or drop the row.", "messages");
        int parts = messages.Sum(message => message.ImageCount), images = row.Images.Count;
        if (parts != images) yield return RowRules.Error(row, Fault.ImageCount,
            $"the messages have {parts} image parts, and the row holds {images} images; make them as many.", "messages", "images");
        if (row.Images.FirstOrDefault(image => image.Bytes is null) is { } lost)
            yield return RowRules.Error(row, Fault.ImageNull,
                lost.Path is { } path
                    ? $"an image has no bytes and its path {Finding.Quote(path)} names no file; store the bytes or mend the path."
                    : "an image has neither bytes nor a path.", "images");
        if (messages is [.., { Role: ConversationRole.User } last] && last.ImageCount == 0 && string.IsNullOrWhiteSpace(last.Text))
            yield return RowRules.Error(row, Fault.EmptyText, "the last question is empty.", "messages");
    }

    /// <summary>What is wrong with the roles of a prompt; null where nothing is.</summary>
    public static string? Roles(IReadOnlyList<ConversationMessage> prompt)
    {
        int first = prompt is [{ Role: ConversationRole.System }, ..] ? 1 : 0;
        for (int i = first; i < prompt.Count; i++)
            if (prompt[i].Role != ((i - first) % 2 == 0 ? ConversationRole.User : ConversationRole.Assistant))
                return $"message {i + 1} is the {prompt[i].Role.ToString().ToLowerInvariant()}'s, where roles must alternate from the user on";
        return prompt.Count == first ? "there is no question" : (prompt.Count - first) % 2 == 0
            ? "the messages end with an answer instead of a question"
            : null;
    }
}
