namespace SafeRlhfV.Demo;

/// <summary>A held-out image with its question and each method's answer.</summary>
public sealed record GalleryItem
{
    /// <summary>The image, PNG bytes.</summary>
    public required byte[] Image { get; init; }

    /// <summary>What the image shows, in words (the image's alternative text).</summary>
    public required string Description { get; init; }

    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The row's category.</summary>
    public required string Category { get; init; }

    /// <summary>Severity of the image, 0..3.</summary>
    public required int ImageSeverity { get; init; }

    /// <summary>Severity of complying with the question under this image, 0..3; above 0 the prompt is risky.</summary>
    public required int Severity { get; init; }

    /// <summary>One answer a method, in the methods' order.</summary>
    public required IReadOnlyList<GalleryAnswer> Answers { get; init; }
}
