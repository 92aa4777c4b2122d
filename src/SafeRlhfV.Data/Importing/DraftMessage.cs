namespace SafeRlhfV.Data;

/// <summary>A message while a row is read: its images are not loaded yet.</summary>
/// <param name="role">Who speaks.</param>
/// <param name="isPlain">Whether the source holds it as one text rather than parts.</param>
internal sealed class DraftMessage(ConversationRole role, bool isPlain = true)
{
    /// <summary>Who speaks.</summary>
    public ConversationRole Role { get; } = role;

    /// <summary>Whether the source holds it as one text rather than parts.</summary>
    public bool IsPlain { get; } = isPlain;

    /// <summary>Whether fine-tuning learns it, where the source says so.</summary>
    public bool? Loss { get; init; }

    /// <summary>Texts and images in order.</summary>
    public List<DraftPart> Parts { get; } = [];

    /// <summary>Whether it holds neither an image nor a text of more than white space, of which no trainer can learn.</summary>
    public bool IsBlank => Parts.TrueForAll(part => part.Text is { } text && string.IsNullOrWhiteSpace(text));

    /// <summary>Adds a text, unless it is empty.</summary>
    /// <exception cref="DroppedRowException">The text is no valid Unicode.</exception>
    public void Add(string text)
    {
        if (!SourceText.IsValid(text)) throw new DroppedRowException(DropReason.TextInvalid);
        if (text.Length > 0) Parts.Add(new DraftPart(text));
    }

    /// <summary>Whether two messages say the same.</summary>
    public bool SaysSame(DraftMessage other) => Role == other.Role && Parts.SequenceEqual(other.Parts);
}

/// <summary>A part of a message: a text, one of the row's images in order, or an image that the part holds itself.</summary>
internal readonly record struct DraftPart(string? Text, object? Payload = null)
{
    /// <summary>A place for the next of the row's images.</summary>
    public static DraftPart Place => new(null);

    /// <summary>Whether the part is an image.</summary>
    public bool IsImage => Text is null;

    /// <summary>Whether the part is a place for one of the row's images.</summary>
    public bool IsPlace => Text is null && Payload is null;
}
