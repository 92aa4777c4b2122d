using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Core;

/// <summary>Values put into a YAML tree from outside, such as by <c>--set a.b=c</c>; faults in them have no line, but name what set them.</summary>
internal static class YamlOverrides
{
    /// <summary>Puts one value in.</summary>
    /// <returns>What is wrong with it; null if nothing is.</returns>
    public static YamlFault? Apply(YamlMappingNode root, YamlSet set, YamlPlaces places)
    {
        string setting = set.Setting;
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        string[] path = equals < 0 ? [] : setting[..equals].Trim().Split('.');
        if (path.Length == 0 || path.Any(part => part.Length == 0)) return Wrong($"'{setting}' must have the form section.key=value");
        YamlMappingNode section = root;
        for (int i = 0; i < path.Length - 1; i++)
        {
            YamlNode? inner = YamlTree.Find(section, path[i]);
            if (inner is YamlMappingNode mapping) section = mapping;
            else if (inner is null || YamlTree.IsEmpty(inner)) section = (YamlMappingNode)Put(section, path[i], new YamlMappingNode());
            else return Wrong($"'{setting}': {string.Join('.', path[..(i + 1)])} is no section");
        }
        try
        {
            YamlStream value = new();
            value.Load(new StringReader(setting[(equals + 1)..]));
            if (value.Documents.Count > 1) return Wrong($"'{setting}': the value holds a second document; give one value");
            Put(section, path[^1], value.Documents.Count == 0 ? new YamlScalarNode("") { Style = ScalarStyle.Plain } : value.Documents[0].RootNode);
            return null;
        }
        catch (Exception error) when (error is YamlException or InvalidOperationException) // the parser's own fault at a brace that is not closed
        {
            return Wrong($"'{setting}': the value is not valid YAML: {error.Message.ReplaceLineEndings(" ")}");
        }

        YamlFault Wrong(string message) => new(0, message, set.Source);

        YamlNode Put(YamlMappingNode section, string key, YamlNode value)
        {
            YamlNode known = section.Children.Keys.FirstOrDefault(node => YamlTree.Text(node) == key) ?? places.Put(new YamlScalarNode(key), (set.Source, 0));
            foreach (YamlNode node in value.AllNodes) places.Put(node, (set.Source, 0));
            section.Children[known] = value;
            return value;
        }
    }
}
