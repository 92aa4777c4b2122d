namespace SafeRlhfV.Data;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Parts">Texts and images in the order in which they stand.</param>
/// <param name="Loss">Whether fine-tuning learns the message, where the source says so; null where it does not (then every answer is learnt).</param>
public sealed record ConversationMessage(ConversationRole Role, IReadOnlyList<MessagePart> Parts, bool? Loss = null)
{
    /// <summary>The message's texts, one after the other.</summary>
    public string Text => Parts is [{ Text: { } only }] ? only : string.Concat(Parts.Select(part => part.Text));

    /// <summary>How many images stand in the message.</summary>
    public int ImageCount => Parts.Count(part => part.Image is not null);

    /// <summary>A message of one text.</summary>
    public static ConversationMessage Of(ConversationRole role, string text, bool? loss = null) => new(role, [MessagePart.OfText(text)], loss);
}
