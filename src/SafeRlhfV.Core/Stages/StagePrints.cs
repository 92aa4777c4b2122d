using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Core;

/// <summary>
/// Digests that tell whether a stage would give the same result again: of its own inputs and of the digests of the stages before it. A change reaches exactly
/// the stages that depend on it.
/// </summary>
internal static class StagePrints
{
    /// <summary>The digest of each stage, by name.</summary>
    /// <param name="stages">The stages; each stands after those that it depends on.</param>
    public static IReadOnlyDictionary<string, string> Of(IReadOnlyList<Stage> stages)
    {
        Dictionary<string, string> prints = [];
        foreach (Stage stage in stages)
            prints.Add(stage.Name, Digest(string.Join('\n', [stage.Name, stage.Inputs, .. stage.After.Select(before => $"{before} {prints[before]}")])));
        return prints;
    }

    /// <summary>A stage and all that depend on it.</summary>
    public static IReadOnlyList<string> From(IReadOnlyList<Stage> stages, string first)
    {
        List<string> found = [first];
        foreach (Stage stage in stages)
            if (!found.Contains(stage.Name) && stage.After.Any(found.Contains)) found.Add(stage.Name);
        return found;
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
