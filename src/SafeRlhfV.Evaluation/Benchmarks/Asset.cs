namespace SafeRlhfV.Evaluation;

/// <summary>Texts that come with the tool.</summary>
internal static class Asset
{
    /// <summary>Names of the texts that begin and end so.</summary>
    public static IEnumerable<string> Names(string begin, string end) => typeof(Asset).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(begin, StringComparison.Ordinal) && name.EndsWith(end, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>A text by its name.</summary>
    public static string Text(string name)
    {
        using Stream stream = typeof(Asset).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
