namespace SafeRlhfV.Data;

/// <summary>
/// An object of a source file by its names. Values are null, bool, long, double, string, byte[], <c>List&lt;object?&gt;</c>, another map, or an <see
/// cref="OtherValue"/>; every reader of files makes these, and every reader of formats takes them.
/// </summary>
internal sealed class SourceMap() : Dictionary<string, object?>(StringComparer.Ordinal)
{
    /// <summary>The value of a name; null where it is absent.</summary>
    public object? Get(string name) => TryGetValue(name, out object? value) ? value : null;

    /// <summary>The first of several names whose value is not null.</summary>
    public object? Get(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            if (TryGetValue(name, out object? value) && value is not null) return value;
        return null;
    }

    /// <summary>Whether the name is there and its value not null.</summary>
    public bool Has(string name) => TryGetValue(name, out object? value) && value is not null;

    /// <summary>About how many bytes the texts and bytes in it take.</summary>
    public long CountBytes() => Values.Sum(CountBytes);

    private static long CountBytes(object? value) => value switch
    {
        byte[] bytes => bytes.Length,
        string text => 2L * text.Length,
        SourceMap map => map.CountBytes(),
        List<object?> list => list.Sum(CountBytes),
        _ => 8,
    };
}

/// <summary>A value of a type that no format holds anything in: dates, durations, maps with keys that are not text.</summary>
/// <param name="Type">The type's name.</param>
internal sealed record OtherValue(string Type);
