namespace SafeRlhfV.Models;

/// <summary>How a checkpoint's files name the tensors: between canonical names (as the modules here are named) and file keys, both ways.</summary>
/// <param name="Name">Short name: hub, saved, memory, ...</param>
/// <param name="ToFile">Canonical name → file key.</param>
/// <param name="ToCanonical">File key → canonical name, or null where the key cannot belong to this layout.</param>
public sealed record KeyLayout(string Name, Func<string, string> ToFile, Func<string, string?> ToCanonical)
{
    /// <summary>A module's name in this layout's files.</summary>
    public string Module(string canonical) => ToFile(canonical + ".weight")[..^".weight".Length];

    /// <summary>True if this layout reads every key and would write it back the same.</summary>
    public bool Fits(IEnumerable<string> fileKeys) => fileKeys.All(key => ToCanonical(key) is { } name && ToFile(name) == key);

    /// <summary>A layout given by prefixes: the first pair whose prefix matches is exchanged. A name that matches none stays as it is.</summary>
    /// <param name="name">Short name of the layout.</param>
    /// <param name="prefixes">Canonical prefix and file prefix, most special first.</param>
    public static KeyLayout FromPrefixes(string name, params (string Canonical, string File)[] prefixes) => new(name,
        canonical => prefixes.Where(pair => canonical.StartsWith(pair.Canonical, StringComparison.Ordinal))
            .Select(pair => pair.File + canonical[pair.Canonical.Length..]).FirstOrDefault() ?? canonical,
        file => prefixes.Where(pair => file.StartsWith(pair.File, StringComparison.Ordinal))
            .Select(pair => pair.Canonical + file[pair.File.Length..]).FirstOrDefault());
}
