namespace SafeRlhfV.Data;

/// <summary>What an import is told beside the source and its format.</summary>
public sealed record ImportOptions
{
    /// <summary>The folder that images' paths are relative to; null for each file's own.</summary>
    public string? Images { get; init; }

    /// <summary>The data set's name in LLaMA-Factory's dataset_info.json; null where there is one only.</summary>
    public string? Dataset { get; init; }

    /// <summary>The format's column names, and the source's columns that take their place: a column's literal name, else a path with dots.</summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>The user's names of categories, and the taxonomy's.</summary>
    public IReadOnlyDictionary<string, string> Categories { get; init; } = new Dictionary<string, string>();
}
