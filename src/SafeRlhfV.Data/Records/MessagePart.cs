namespace SafeRlhfV.Data;

/// <summary>A part of a message: a text, or one of the record's images.</summary>
public sealed record MessagePart
{
    private MessagePart(string? text, int? image) => (Text, Image) = (text, image);

    /// <summary>The text; null where the part is an image.</summary>
    public string? Text { get; }

    /// <summary>The image's index in <see cref="ConversationRecord.Images"/>; null where the part is a text.</summary>
    public int? Image { get; }

    /// <summary>A text, byte for byte as the source holds it.</summary>
    public static MessagePart OfText(string text) => new(text, null);

    /// <summary>An image of the record, by its index.</summary>
    public static MessagePart OfImage(int index) => index >= 0 ? new(null, index) : throw new ArgumentOutOfRangeException(nameof(index));
}
