using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Core;

/// <summary>
/// A mapping of a YAML file, read strictly: every wrong value and every key that nobody asked for is a fault with its line, and all faults are reported
/// together.
/// </summary>
public sealed class YamlSection
{
    private readonly YamlMappingNode node;
    private readonly List<YamlFault> faults;
    private readonly List<YamlSection> children = [];
    private readonly HashSet<string> asked = [];
    private readonly string path;
    private readonly YamlPlaces places;

    // the section itself, or the one around it that stands in the file: what is missing is missing there
    private readonly YamlMappingNode written;
    private bool skipsUnknown;

    private YamlSection(YamlMappingNode node, string path, List<YamlFault> faults, YamlPlaces places, YamlMappingNode written) =>
        (this.node, this.path, this.faults, this.places, this.written) = (node, path, faults, places, written);

    /// <summary>The line that the section begins on; 0 where it was set from outside the file.</summary>
    public long Line => places.Of(node).Line;

    /// <summary>Its keys, in their order.</summary>
    public IReadOnlyList<string> Keys => [.. node.Children.Keys.Select(Text)];

    /// <summary>Reads a whole file or text, hands it to <paramref name="read"/> and reports all faults, unknown keys too, as one error.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="source">What to call it in messages, such as the file's path.</param>
    /// <param name="read">Makes the settings of it.</param>
    /// <param name="sets">Values that replace the file's or add to them, each as a.b=value.</param>
    /// <param name="lines">Whether messages name lines: not where a program made the text.</param>
    /// <exception cref="InvalidInputException">It is not YAML, or has faults.</exception>
    public static T Read<T>(string text, string source, Func<YamlSection, T> read, IReadOnlyList<string>? sets = null, bool lines = true) =>
        Read(YamlTree.Parse(text, source), read, sets, lines: lines);

    /// <summary>As above, with values from places that messages name.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="source">What to call it in messages, such as the file's path.</param>
    /// <param name="read">Makes the settings of it.</param>
    /// <param name="sets">Values that replace the file's or add to them.</param>
    /// <param name="lines">Whether messages name lines: not where a program made the text.</param>
    /// <exception cref="InvalidInputException">It is not YAML, or has faults.</exception>
    public static T Read<T>(string text, string source, Func<YamlSection, T> read, IReadOnlyList<YamlSet> sets, bool lines = true) =>
        Read(YamlTree.Parse(text, source), read, sets, null, lines);

    /// <summary>As below, with values from places that messages name.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="read">Makes the settings of it.</param>
    /// <param name="sets">Values that replace the files' or add to them.</param>
    /// <param name="variables">The variables that values may use, as below.</param>
    /// <exception cref="InvalidInputException">It is not YAML, or has faults.</exception>
    public static T Read<T>(YamlTree tree, Func<YamlSection, T> read, IReadOnlyList<YamlSet> sets, IReadOnlyDictionary<string, string?>? variables) =>
        Read(tree, read, sets, variables, lines: true);

    /// <summary>Reads a tree, hands it to <paramref name="read"/> and reports all faults, unknown keys too, as one error. A tree is read once.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="read">Makes the settings of it.</param>
    /// <param name="sets">Values that replace the files' or add to them, each as a.b=value.</param>
    /// <param name="variables">The variables that values may use as <c>${name}</c>, null where one has no value; without variables <c>${</c> is text like any
    /// other.</param>
    /// <param name="lines">Whether messages name lines: not where a program made the text.</param>
    /// <exception cref="InvalidInputException">It is not YAML, or has faults.</exception>
    public static T Read<T>(
        YamlTree tree, Func<YamlSection, T> read, IReadOnlyList<string>? sets = null, IReadOnlyDictionary<string, string?>? variables = null,
        bool lines = true) =>
        Read(tree, read, [.. (sets ?? []).Select(set => new YamlSet(set))], variables, lines);

    private static T Read<T>(
        YamlTree tree, Func<YamlSection, T> read, IReadOnlyList<YamlSet> sets, IReadOnlyDictionary<string, string?>? variables, bool lines)
    {
        List<YamlFault> faults = tree.Faults;
        T result = default!;
        if (tree.Root is { } root)
        {
            foreach (YamlSet set in sets)
                if (YamlOverrides.Apply(root, set, tree.Places) is { } fault) faults.Add(fault);
            if (variables is not null) YamlVariables.Resolve(root, variables, tree.Places, faults);
            YamlSection section = new(root, "", faults, tree.Places, root);
            result = read(section);
            section.FindUnknown();
        }
        if (faults.Count == 0) return result;
        IEnumerable<string> places = faults.OrderBy(fault => fault.File, StringComparer.Ordinal).ThenBy(fault => fault.Line)
            .GroupBy(fault => fault.SetBy ?? tree.Source, fault => lines ? fault.ToString() : fault.Message)
            .Select(place => $"{place.Key} has {place.Count()} fault{(place.Count() == 1 ? "" : "s")}: {string.Join("; ", place)}");
        throw new InvalidInputException($"{string.Join("; ", places)}.");
    }

    /// <summary>Adds a fault at a key, or at the section where the key is missing.</summary>
    public void Fault(string? key, string message) =>
        faults.Add(places.Fault(key is null ? node : Find(key) ?? written, $"{(key is null ? path : Name(key))}: {message}"));

    /// <summary>Whether there is a fault at a key already: what follows from its value is not to be told then.</summary>
    /// <param name="key">The key, or a path below, such as rewards[0].kind.</param>
    public bool HasFault(string key) => faults.Any(fault => fault.Message.StartsWith(Name(key) + ":", StringComparison.Ordinal));

    /// <summary>Reports no unknown keys here and below: for a section with a fault that leaves open which keys it may have.</summary>
    public void SkipUnknown() => skipsUnknown = true;

    /// <summary>Whether the key is there.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether the key's value was set from outside the files.</summary>
    public bool IsSet(string key) => Find(key) is { } value && places.IsSet(value);

    /// <summary>Whether the key has an empty value that takes away the one of the file's base.</summary>
    public bool Removes(string key) => Take(key) is { } node && places.Removes(node);

    /// <summary>Adds a fault at every key below that has no value: where a value must be written out, such a key means that the file was cut.</summary>
    public void RefuseEmptyValues(string message) => RefuseEmptyValues(node, message);

    /// <summary>What a path at a key is relative to: the folder of the file in which it stands; the current one where it was set from outside.</summary>
    /// <param name="key">The key.</param>
    /// <param name="file">The file that was read; null = none.</param>
    public string FolderOf(string key, string? file) => file is null || Find(key) is not { } node || IsSet(key)
        ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(places.Of(node).File ?? file))!;

    /// <summary>Whether the key holds a mapping.</summary>
    public bool IsMapping(string key) => Find(key) is YamlMappingNode;

    /// <summary>A section below, or null where the key is missing or empty.</summary>
    public YamlSection? Section(string key)
    {
        YamlNode? node = Take(key);
        if (node is null || IsEmpty(node)) return null;
        if (node is YamlMappingNode mapping) return Child(mapping, Name(key));
        Fault(key, "must be a mapping (key: value)");
        return null;
    }

    /// <summary>A list of sections; empty where the key is missing.</summary>
    public IReadOnlyList<YamlSection> Sections(string key)
    {
        YamlNode? node = Take(key);
        if (node is null || IsEmpty(node)) return [];
        if (node is YamlSequenceNode list && list.Children.All(child => child is YamlMappingNode))
            return [.. list.Children.Cast<YamlMappingNode>().Select((child, i) => Child(child, $"{Name(key)}[{i}]"))];
        Fault(key, "must be a list of mappings");
        return [];
    }

    /// <summary>A list of texts; empty where the key is missing.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        YamlNode? node = Take(key);
        if (node is null || IsEmpty(node)) return [];
        if (node is YamlSequenceNode list && list.Children.All(child => child is YamlScalarNode)) return [.. list.Children.Select(Text)];
        Fault(key, "must be a list of texts");
        return [];
    }

    /// <summary>A text.</summary>
    public string? Text(string key)
    {
        YamlNode? node = Take(key);
        if (node is null || IsEmpty(node)) return null;
        if (node is YamlScalarNode scalar) return scalar.Value;
        Fault(key, "must be a text");
        return null;
    }

    /// <summary>A text that must be there; an empty one stands in where it is missing, with a fault.</summary>
    public string Required(string key)
    {
        if (Text(key) is { Length: > 0 } text) return text;
        if (!HasFault(key)) Fault(key, "is missing");
        return "";
    }

    /// <summary>A number within bounds.</summary>
    public double? Number(string key, double least, double most)
    {
        if (Text(key) is not { } text) return null;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most) return value;
        Fault(key, $"'{text}' must be a number from {least} to {most}");
        return null;
    }

    /// <summary>A whole number within bounds.</summary>
    public int? Whole(string key, int least, int most)
    {
        if (Text(key) is not { } text) return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most) return value;
        Fault(key, $"'{text}' must be a whole number from {least} to {most}");
        return null;
    }

    /// <summary>A yes or no: true or false.</summary>
    public bool? Flag(string key)
    {
        if (Text(key) is not { } text) return null;
        if (text is "true" or "false") return text == "true";
        Fault(key, $"'{text}' must be true or false");
        return null;
    }

    /// <summary>A duration with its unit: 250ms, 30s, 5m, 2h or 90d.</summary>
    public TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text) return null;
        (string unit, double milliseconds)[] units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        foreach ((string unit, double milliseconds) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
                && count is > 0 and < 1e9)
                return TimeSpan.FromMilliseconds(count * milliseconds);
        }
        Fault(key, $"'{text}' must be a duration such as 250ms, 30s, 5m, 2h or 90d");
        return null;
    }

    /// <summary>One of a few words.</summary>
    public T? Choice<T>(string key, params (string Word, T Value)[] choices) where T : struct
    {
        if (Text(key) is not { } text) return null;
        foreach ((string word, T value) in choices)
            if (word == text) return value;
        Fault(key, $"'{text}' must be one of {string.Join(", ", choices.Select(choice => choice.Word))}");
        return null;
    }

    private void RefuseEmptyValues(YamlNode below, string message)
    {
        if (below is YamlSequenceNode list)
        {
            foreach (YamlNode child in list.Children) RefuseEmptyValues(child, message);
            return;
        }
        if (below is not YamlMappingNode mapping) return;
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            if (IsEmpty(value)) faults.Add(places.Fault(key, $"{Text(key)}: {message}"));
            else RefuseEmptyValues(value, message);
        }
    }

    private YamlSection Child(YamlMappingNode node, string path)
    {
        if (children.FirstOrDefault(known => ReferenceEquals(known.node, node)) is { } met) return met; // asked for twice: one account of its keys
        YamlSection child = new(node, path, faults, places, places.IsSet(node) ? written : node);
        children.Add(child);
        return child;
    }

    private void FindUnknown()
    {
        if (skipsUnknown) return;
        foreach (YamlNode key in node.Children.Keys)
        {
            if (asked.Contains(Text(key))) continue;
            string hint = asked.Count == 0 ? "" : $"; known here: {string.Join(", ", asked.Order())}";
            faults.Add(places.Fault(key, $"{Name(Text(key))}: unknown key{hint}"));
        }
        foreach (YamlSection child in children) child.FindUnknown();
    }

    private YamlNode? Take(string key)
    {
        asked.Add(key);
        return Find(key);
    }

    private YamlNode? Find(string key) => YamlTree.Find(node, key);

    private string Name(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static string Text(YamlNode node) => YamlTree.Text(node);

    private static bool IsEmpty(YamlNode node) => YamlTree.IsEmpty(node);
}
