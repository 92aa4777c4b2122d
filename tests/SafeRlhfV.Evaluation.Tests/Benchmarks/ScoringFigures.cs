using System.Text.Json.Nodes;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>The figures of a folder of golden/scoring that is no benchmark.</summary>
internal sealed class ScoringFigures(string folder)
{
    public IEnumerable<JsonObject> All { get; } = [.. JsonNode.Parse(File.ReadAllText(Path.Combine(ScoringGolden.Root, folder, "figures.json")))!["figures"]!
        .AsArray().Select(figure => figure!.AsObject())];
}
