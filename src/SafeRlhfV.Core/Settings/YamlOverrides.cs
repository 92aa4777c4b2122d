using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Core;

/// <summary>Values put into a YAML tree from outside, such as by <c>--set a.b=c</c>; faults in them have no line.</summary>
internal sealed class YamlOverrides
{
    private readonly HashSet<YamlNode> placed = new(ReferenceEqualityComparer.Instance);

    /// <summary>The node's line in the file; 0 if it was put there from outside.</summary>
    public long LineOf(YamlNode node) => placed.Contains(node) ? 0 : node.Start.Line;

    /// <summary>Puts one value in.</summary>
    /// <returns>What is wrong with it; null if nothing is.</returns>
    public YamlFault? Apply(YamlMappingNode root, string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        string[] path = equals < 0 ? [] : setting[..equals].Trim().Split('.');
        if (path.Length == 0 || path.Any(part => part.Length == 0)) return new(0, $"'{setting}' must have the form section.key=value");
        YamlMappingNode section = root;
        for (int i = 0; i < path.Length - 1; i++)
        {
            YamlNode? inner = Find(section, path[i]);
            if (inner is YamlMappingNode mapping) section = mapping;
            else if (inner is null or YamlScalarNode { Value: null or "" or "~" or "null" }) section = (YamlMappingNode)Put(section, path[i], new YamlMappingNode());
            else return new(0, $"'{setting}': {string.Join('.', path[..(i + 1)])} is no section");
        }
        try
        {
            YamlStream value = new();
            value.Load(new StringReader(setting[(equals + 1)..]));
            Put(section, path[^1], value.Documents.Count == 0 ? new YamlScalarNode("") { Style = ScalarStyle.Plain } : value.Documents[0].RootNode);
            return null;
        }
        catch (YamlException error)
        {
            return new(0, $"'{setting}': the value is not valid YAML: {error.Message.ReplaceLineEndings(" ")}");
        }
    }

    private YamlNode Put(YamlMappingNode section, string key, YamlNode value)
    {
        YamlNode? known = section.Children.Keys.FirstOrDefault(node => node is YamlScalarNode scalar && scalar.Value == key);
        if (known is null) placed.Add(known = new YamlScalarNode(key));
        foreach (YamlNode node in value.AllNodes) placed.Add(node);
        section.Children[known] = value;
        return value;
    }

    private static YamlNode? Find(YamlMappingNode section, string key) => section.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode scalar && scalar.Value == key).Value;
}
