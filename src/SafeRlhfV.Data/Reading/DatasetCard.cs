using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Data;

/// <summary>The configurations that a dataset card (README.md with YAML or JSON front matter) names: which file patterns make which split.</summary>
internal sealed record DatasetCard(IReadOnlyList<(string Config, string Split, IReadOnlyList<string> Patterns)> Sets)
{
    private const int DeepestNesting = 64;
    private const long LargestCard = 64L << 20;

    /// <summary>Reads the card of a folder; null where there is none, or none that names configurations.</summary>
    /// <exception cref="InvalidInputException">The front matter is not YAML, or its "configs" have another shape than Hugging Face's.</exception>
    public static DatasetCard? Read(string folder)
    {
        string file = Path.Combine(folder, "README.md");
        if (!File.Exists(file)) return null;
        if (FileSize.Of(file) > LargestCard)
            throw new InvalidInputException($"{file}: a dataset card of more than {LargestCard >> 20} MiB is not read; shorten it.");
        if (FrontMatter(File.ReadAllText(file)) is not { } yaml) return null;
        try
        {
            CheckDepth(yaml);
            YamlStream stream = [];
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count == 0 || stream.Documents[0].RootNode is not YamlMappingNode root) return null;
            return Child(root, "configs") is { } configs ? new DatasetCard([.. Configs(file, configs)]) : null;
        }
        catch (YamlException error)
        {
            throw new InvalidInputException($"{file}, line {error.Start.Line + 1}: the card's front matter is not YAML "
                + $"({error.Message.ReplaceLineEndings(" ")}); mend or remove it.", error);
        }
    }

    /// <summary>The text between the two lines of three dashes that a card begins with.</summary>
    private static string? FrontMatter(string text)
    {
        using StringReader reader = new(text);
        if (reader.ReadLine()?.TrimEnd() != "---") return null;
        List<string> lines = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.TrimEnd() == "---") return string.Join('\n', lines);
            lines.Add(line);
        }
        return null;
    }

    /// <summary>The loader recurses, so a hostile depth is refused on the event stream first.</summary>
    private static void CheckDepth(string yaml)
    {
        Parser parser = new(new StringReader(yaml));
        int depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > DeepestNesting && parser.Current is MappingStart or SequenceStart)
                if (depth > DeepestNesting) throw new YamlException(parser.Current.Start, parser.Current.End, $"nested more than {DeepestNesting} deep");
        }
    }

    private static IEnumerable<(string, string, IReadOnlyList<string>)> Configs(string file, YamlNode configs)
    {
        if (configs is not YamlSequenceNode list) throw Bad(file, configs, "'configs' must be a list");
        foreach (YamlNode item in list)
        {
            if (item is not YamlMappingNode config) throw Bad(file, item, "each of 'configs' must be a mapping");
            string name = Scalar(Child(config, "config_name")) ?? "default", directory = Scalar(Child(config, "data_dir")) ?? "";
            switch (Child(config, "data_files"))
            {
                case null:
                    yield return (name, "", [Join(directory, "**")]);
                    break;
                case YamlScalarNode or YamlSequenceNode { Children: [YamlScalarNode, ..] }:
                    yield return (name, "train", Patterns(file, Child(config, "data_files")!, directory));
                    break;
                case YamlSequenceNode splits:
                    foreach (YamlNode split in splits)
                    {
                        if (split is not YamlMappingNode mapping || Child(mapping, "path") is not { } path)
                            throw Bad(file, split, "each of 'data_files' needs 'split' and 'path'");
                        yield return (name, Scalar(Child(mapping, "split")) ?? "train", Patterns(file, path, directory));
                    }
                    break;
                case YamlMappingNode splits:
                    foreach ((YamlNode split, YamlNode path) in splits) yield return (name, Scalar(split) ?? "train", Patterns(file, path, directory));
                    break;
                default:
                    throw Bad(file, config, "'data_files' has a shape that is not known");
            }
        }
    }

    private static List<string> Patterns(string file, YamlNode node, string directory)
    {
        List<string> patterns = [];
        foreach (YamlNode item in node is YamlSequenceNode list ? list.Children : [node])
        {
            if (Scalar(item) is not { Length: > 0 } pattern) throw Bad(file, item, "a path must be text");
            if (pattern.Contains("://", StringComparison.Ordinal)) throw Bad(file, item, $"'{pattern}' lies on the network; fetch the file and name it here");
            if (Path.IsPathRooted(pattern) || pattern.Split('/').Contains("..")) throw Bad(file, item, $"'{pattern}' leaves the data set's folder");
            patterns.Add(Join(directory, pattern));
        }
        return patterns;
    }

    private static string Join(string directory, string pattern) => directory.Length == 0 ? pattern : $"{directory.TrimEnd('/')}/{pattern}";

    private static YamlNode? Child(YamlMappingNode mapping, string key) =>
        mapping.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode { Value: { } name } && name == key).Value;

    private static string? Scalar(YamlNode? node) => (node as YamlScalarNode)?.Value;

    private static InvalidInputException Bad(string file, YamlNode node, string what) =>
        new($"{file}: {what} (front matter, line {node.Start.Line}); see the dataset cards of Hugging Face.");
}
