namespace SafeRlhfV.Data;

/// <summary>What a source says of a record. Null means that it says nothing: a missing label is never read as safe.</summary>
public sealed record RecordLabels
{
    /// <summary>Whether the answer (the last message) is unsafe.</summary>
    public bool? Unsafe { get; init; }

    /// <summary>Whether the chosen answer of a pair is unsafe.</summary>
    public bool? ChosenUnsafe { get; init; }

    /// <summary>Whether the rejected answer of a pair is unsafe.</summary>
    public bool? RejectedUnsafe { get; init; }

    /// <summary>Whether the answer is wanted (KTO's label); says nothing of safety.</summary>
    public bool? Desirable { get; init; }

    /// <summary>Whether complying with the prompt, image and question together, does harm.</summary>
    public bool? PromptUnsafe { get; init; }

    /// <summary>Whether the image is unsafe by itself.</summary>
    public bool? ImageUnsafe { get; init; }

    /// <summary>Whether the question is unsafe by itself.</summary>
    public bool? InstructionUnsafe { get; init; }

    /// <summary>The category: one of <see cref="Taxonomy.Categories"/> in BeaverTails-V, the source's own words elsewhere.</summary>
    public string? Category { get; init; }

    /// <summary>A finer category of the source.</summary>
    public string? Category2 { get; init; }

    /// <summary>The finest category of the source.</summary>
    public string? Category3 { get; init; }

    /// <summary>Severity of the image, 0 to 3.</summary>
    public int? ImageSeverity { get; init; }

    /// <summary>The row's name in its source.</summary>
    public string? Id { get; init; }
}
