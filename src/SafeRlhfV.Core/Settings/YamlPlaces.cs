using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Core;

/// <summary>Where the nodes of a YAML tree come from: a file and its line, or a value set from outside.</summary>
internal sealed class YamlPlaces
{
    private readonly Dictionary<YamlNode, (string? File, long Line)> known = new(ReferenceEqualityComparer.Instance);

    // empty values by which a file takes away what its base has
    private readonly HashSet<YamlNode> removing = new(ReferenceEqualityComparer.Instance);

    /// <summary>The place of a node: its file (null = the file that was asked for) and line; line 0 for a value set from outside.</summary>
    public (string? File, long Line) Of(YamlNode node) => known.TryGetValue(node, out (string?, long) place) ? place : (null, node.Start.Line);

    /// <summary>Whether the node came from outside the files.</summary>
    public bool IsSet(YamlNode node) => Of(node).Line == 0;

    /// <summary>Whether the node is an empty value that takes away a value of the file's base.</summary>
    public bool Removes(YamlNode node) => removing.Contains(node);

    /// <summary>Remembers where a node comes from.</summary>
    public T Put<T>(T node, (string? File, long Line) place) where T : YamlNode
    {
        known[node] = place;
        return node;
    }

    /// <summary>Marks an empty value that takes away a value of the file's base.</summary>
    public void MarkRemoval(YamlNode node) => removing.Add(node);

    /// <summary>A fault at a node.</summary>
    public YamlFault Fault(YamlNode node, string message) => new(Of(node).Line, message, Of(node).File);
}
