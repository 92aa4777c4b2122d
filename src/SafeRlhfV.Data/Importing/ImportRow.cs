namespace SafeRlhfV.Data;

/// <summary>A source row while a format reads it: its columns, its images' folder, the user's mappings, and what was repaired.</summary>
/// <param name="map">The columns.</param>
/// <param name="images">Loads images.</param>
/// <param name="options">The user's choices.</param>
internal sealed class ImportRow(SourceMap map, ImageResolver images, ImportOptions options)
{
    /// <summary>The columns.</summary>
    public SourceMap Map { get; } = map;

    /// <summary>Loads images.</summary>
    public ImageResolver Images { get; } = images;

    /// <summary>The user's choices.</summary>
    public ImportOptions Options { get; } = options;

    /// <summary>What was repaired; each name counts the row once.</summary>
    public SortedSet<string> Repairs { get; } = new(StringComparer.Ordinal);

    /// <summary>The value of a column; null where it is absent.</summary>
    public object? this[string column] => Map.Get(column);

    /// <summary>The images of the first of several columns that is not null.</summary>
    public IReadOnlyList<object?> Pool(params ReadOnlySpan<string> columns) => ImageResolver.Listed(Map.Get(columns));

    /// <summary>The row's columns replaced, for a format that hands on to another.</summary>
    public ImportRow With(SourceMap changed) => new(changed, Images, Options);

    /// <summary>A row with a video, sound or tools is left out: without them it would teach something else.</summary>
    /// <exception cref="DroppedRowException">It has.</exception>
    public void RefuseUnsupported()
    {
        if (Holds("videos", "video")) throw new DroppedRowException(DropReason.Video);
        if (Holds("audios", "audio")) throw new DroppedRowException(DropReason.Audio);
        if (Map.Get("tools") is not (null or List<object?> { Count: 0 } or "" or "[]")) throw new DroppedRowException(DropReason.Tools);
    }

    private bool Holds(string many, string one) => Map.Get(many, one) is not (null or List<object?> { Count: 0 } or "");
}
