namespace SafeRlhfV.Training;

/// <summary>A data set in the BeaverTails-V format.</summary>
public record DataRecipe
{
    /// <summary>The data set's folder.</summary>
    public string Folder { get; init; } = "";

    /// <summary>The split; null = all.</summary>
    public string? Split { get; init; } = "train";

    /// <summary>The configuration (category); null = all.</summary>
    public string? Config { get; init; }
}
