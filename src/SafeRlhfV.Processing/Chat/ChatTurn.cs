namespace SafeRlhfV.Processing;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Parts">Texts and images in their order.</param>
public sealed record ChatTurn(ChatRole Role, IReadOnlyList<ChatPart> Parts)
{
    /// <summary>What the model thought before it answered; only chat templates that know of reasoning write it.</summary>
    public string? Reasoning { get; init; }

    /// <summary>A system turn of one text.</summary>
    public static ChatTurn System(string text) => new(ChatRole.System, [new TextPart(text)]);

    /// <summary>A user's turn: images first, then the text.</summary>
    public static ChatTurn User(string text, params IEnumerable<RgbImage> images) =>
        new(ChatRole.User, [.. images.Select(image => new ImagePart(image)), new TextPart(text)]);

    /// <summary>A model's turn of one text.</summary>
    public static ChatTurn Assistant(string text) => new(ChatRole.Assistant, [new TextPart(text)]);
}
