namespace SafeRlhfV.Data;

/// <summary>One row of the paired BeaverTails-V layout: an image, a question, two answers, two forced preferences and graded labels.</summary>
public sealed record PreferencePair
{
    /// <summary>The question asked about the image.</summary>
    public required string Question { get; init; }

    /// <summary>The image; null where the data set holds none.</summary>
    public EncodedImage? Image { get; init; }

    /// <summary>One of the twenty names of <see cref="Taxonomy.Categories"/>.</summary>
    public required string Category { get; init; }

    /// <summary>Severity of the image, 0..3 (undocumented in the release; 1..3 occur there, 0 in the built-in world).</summary>
    public required int ImageSeverity { get; init; }

    /// <summary>The first answer with its labels.</summary>
    public required RatedResponse Response1 { get; init; }

    /// <summary>The second answer with its labels.</summary>
    public required RatedResponse Response2 { get; init; }

    /// <summary>Which answer is more helpful, 1 or 2.</summary>
    public required int MoreHelpful { get; init; }

    /// <summary>Which answer is safer, 1 or 2.</summary>
    public required int Safer { get; init; }
}
