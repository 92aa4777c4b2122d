using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Core;

/// <summary>
/// A YAML file and the files that it changes, as one tree. <c>base: other.yaml</c>, relative to the file in which it stands, names the file that is changed:
/// sections are merged key by key, any other value takes the place of the base's, and an empty one takes the base's away. Every value remembers its file and
/// line for messages.
/// </summary>
public sealed class YamlTree
{
    private const string BaseKey = "base";
    private const int MostDepth = 64, MostNodes = 100_000;

    private readonly HashSet<string> variables = [];
    private int nodes;

    private YamlTree(string source) => Source = source;

    /// <summary>What to call it in messages.</summary>
    public string Source { get; }

    /// <summary>Names of the variables (<c>${name}</c>) in the values of all its files, those of values that a file replaces among them.</summary>
    public IReadOnlySet<string> Variables => variables;

    internal YamlMappingNode? Root { get; private set; }

    internal YamlPlaces Places { get; } = new();

    internal List<YamlFault> Faults { get; } = [];

    /// <summary>Reads a file and those it is based on. What is wrong in them is reported when the tree is read (<see cref="YamlSection"/>).</summary>
    /// <exception cref="IOException">The file itself cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file itself may not be read.</exception>
    public static YamlTree Load(string path)
    {
        YamlTree tree = new(path);
        tree.Root = tree.WithBase(File.ReadAllText(path), null, [Path.GetFullPath(path)]);
        return tree;
    }

    /// <summary>Reads a text; <c>base</c> has no meaning in it.</summary>
    public static YamlTree Parse(string text, string source)
    {
        YamlTree tree = new(source);
        tree.Root = tree.ReadRoot(text, null);
        return tree;
    }

    /// <summary>A text as a value that reads back as itself where values may use variables.</summary>
    public static string Escape(string text) => YamlVariables.Escape(text);

    /// <summary>A text that stands at the top of the tree; null where there is none.</summary>
    public string? Top(string key) => Root is { } root && Find(root, key) is YamlScalarNode scalar && !IsEmpty(scalar) ? scalar.Value : null;

    internal static YamlNode? Find(YamlMappingNode section, string key) => section.Children.FirstOrDefault(pair => Text(pair.Key) == key).Value;

    internal static string Text(YamlNode node) => node is YamlScalarNode scalar ? scalar.Value ?? "" : node.ToString();

    internal static bool IsEmpty(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    // file: null = the one that was asked for; chain: the files so far, the newest last
    private YamlMappingNode? WithBase(string text, string? file, IReadOnlyList<string> chain)
    {
        if (ReadRoot(text, file) is not { } root) return null;
        YamlNode? key = root.Children.Keys.FirstOrDefault(node => Text(node) == BaseKey);
        if (key is null) return root;
        YamlNode named = root.Children[key];
        root.Children.Remove(key);
        if (named is not YamlScalarNode { Value: { Length: > 0 } relative } || IsEmpty(named) || YamlVariables.Names(relative).Any())
        {
            Faults.Add(Places.Fault(named, $"{BaseKey}: must be the path of one file, without variables"));
            return root;
        }
        string path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(chain[^1])!, relative));
        if (chain.Contains(path))
        {
            Faults.Add(Places.Fault(named,
                $"{BaseKey}: the files are based on each other in a circle: {string.Join(" → ", [.. chain.SkipWhile(one => one != path), path])}"));
            return root;
        }
        try
        {
            return WithBase(File.ReadAllText(path), path, [.. chain, path]) is { } below ? Merge(below, root) : root;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string why = error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : $"cannot be read ({error.Message.TrimEnd('.')})";
            Faults.Add(Places.Fault(named, $"{BaseKey}: {path}: {why}"));
            return root;
        }
    }

    private YamlMappingNode? ReadRoot(string text, string? file)
    {
        try
        {
            YamlStream stream = new();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count > 1) Faults.Add(new(stream.Documents[1].RootNode.Start.Line, "a second document; keep one", file));
            if (stream.Documents.Count == 0) return Places.Put(new YamlMappingNode(), (file, 1));
            if (Copy(stream.Documents[0].RootNode, file, 0) is YamlMappingNode root) return root;
            Faults.Add(new(stream.Documents[0].RootNode.Start.Line, "the file must be a mapping (key: value)", file));
        }
        catch (YamlException error)
        {
            Faults.Add(new(error.Start.Line, $"not valid YAML: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}", file));
        }
        catch (InvalidOperationException) // the parser's own fault where a line goes on as a mapping within an open brace
        {
            string[] lines = text.Split('\n');
            int line = Enumerable.Range(1, lines.Length).FirstOrDefault(count => IsLost(string.Join('\n', lines[..count]) + "\n"), lines.Length);
            Faults.Add(new(line, "not valid YAML: a bracket or brace before it is not closed", file));
        }
        return null;

        static bool IsLost(string text)
        {
            try
            {
                new YamlStream().Load(new StringReader(text));
            }
            catch (YamlException)
            {
                return false;
            }
            catch (InvalidOperationException)
            {
                return true;
            }
            return false;
        }
    }

    // an alias becomes a copy, so that a change of one place leaves the other as it is
    private YamlNode Copy(YamlNode node, string? file, int depth)
    {
        if (depth > MostDepth || ++nodes > MostNodes)
            throw new YamlException(node.Start, node.End, "it is nested too deeply or has too many values (does an anchor hold itself?)");
        (string?, long) place = (file, node.Start.Line);
        if (node is YamlMappingNode mapping)
        {
            YamlMappingNode made = Places.Put(new YamlMappingNode(), place);
            foreach ((YamlNode key, YamlNode value) in mapping.Children)
                made.Children.Add(Places.Put(new YamlScalarNode(Text(key)), (file, key.Start.Line)), Copy(value, file, depth + 1));
            return made;
        }
        if (node is YamlSequenceNode list) return Places.Put(new YamlSequenceNode(list.Children.Select(child => Copy(child, file, depth + 1))), place);
        if (node is not YamlScalarNode scalar) throw new YamlException(node.Start, node.End, "a value is no text, list or mapping");
        variables.UnionWith(YamlVariables.Names(scalar.Value ?? ""));
        return Places.Put(new YamlScalarNode(scalar.Value) { Style = scalar.Style }, place);
    }

    private YamlMappingNode Merge(YamlMappingNode below, YamlMappingNode above)
    {
        YamlMappingNode made = Places.Put(new YamlMappingNode(), Places.Of(above));
        foreach ((YamlNode key, YamlNode value) in above.Children)
        {
            YamlNode? older = Find(below, Text(key));
            if (older is not null && !IsEmpty(older) && IsEmpty(value)) Places.MarkRemoval(value);
            made.Children.Add(key, older is YamlMappingNode old && value is YamlMappingNode changes ? Merge(old, changes) : value);
        }
        foreach ((YamlNode key, YamlNode value) in below.Children)
            if (Find(above, Text(key)) is null) made.Children.Add(key, value);
        return made;
    }
}
