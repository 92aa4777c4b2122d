using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Core;

/// <summary>Variables in the values of a YAML tree: <c>${name}</c> stands for a value that is given with the file, <c>$${</c> for the text <c>${</c>.</summary>
internal static partial class YamlVariables
{
    /// <summary>The names that a text uses.</summary>
    public static IEnumerable<string> Names(string text) =>
        Marks().Matches(text).Select(mark => mark.Groups["name"]).Where(name => name.Success).Select(name => name.Value);

    /// <summary>A text that reads back as itself.</summary>
    public static string Escape(string text) => text.Replace("${", "$${", StringComparison.Ordinal);

    /// <summary>Puts the values in. Values that were set from outside are taken as they are.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="values">The variables that there are; null where one has no value.</param>
    /// <param name="places">Where the tree's nodes come from.</param>
    /// <param name="faults">Takes the variables without a value.</param>
    public static void Resolve(YamlMappingNode root, IReadOnlyDictionary<string, string?> values, YamlPlaces places, List<YamlFault> faults)
    {
        Walk(root, "");

        void Walk(YamlMappingNode section, string path)
        {
            foreach (YamlNode key in section.Children.Keys.ToArray())
                section.Children[key] = Value(section.Children[key], path.Length == 0 ? YamlTree.Text(key) : $"{path}.{YamlTree.Text(key)}");
        }

        YamlNode Value(YamlNode node, string path)
        {
            if (places.IsSet(node)) return node;
            if (node is YamlMappingNode below) Walk(below, path);
            if (node is YamlSequenceNode list)
                for (int i = 0; i < list.Children.Count; i++) list.Children[i] = Value(list.Children[i], $"{path}[{i}]");
            if (node is not YamlScalarNode { Value: { } text } || !text.Contains("${", StringComparison.Ordinal)) return node;
            string made = Marks().Replace(text, mark => Replacement(mark, node, path));
            return places.Put(new YamlScalarNode(made) { Style = ScalarStyle.DoubleQuoted }, places.Of(node));
        }

        string Replacement(Match mark, YamlNode node, string path)
        {
            if (mark.Value == "$${") return "${";
            string name = mark.Groups["name"].Value;
            if (values.TryGetValue(name, out string? value) && value is not null) return value;
            string wrong = !mark.Groups["name"].Success ? "'${' begins a variable, such as ${name}; write $${ for the text itself"
                : values.ContainsKey(name) ? $"{mark.Value} has no value; give --{name}"
                : values.Count == 0 ? $"{mark.Value} is not known here; write $${{ for the text ${{"
                : $"{mark.Value} is not known; there are {string.Join(", ", values.Keys.Select(known => $"${{{known}}}"))}";
            faults.Add(places.Fault(node, $"{path}: {wrong}"));
            return mark.Value;
        }
    }

    [GeneratedRegex(@"\$\$\{|\$\{(?<name>[A-Za-z_][A-Za-z0-9_-]*)\}|\$\{")]
    private static partial Regex Marks();
}
