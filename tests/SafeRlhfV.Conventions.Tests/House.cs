using System.Reflection;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>The rooms, and what each may use (docs/architecture.md: arrows point one way).</summary>
internal static class House
{
    public static readonly IReadOnlyDictionary<string, string[]> MayUse = new Dictionary<string, string[]>
    {
        ["Core"] = [],
        ["Data"] = ["Core"],
        ["Deduplication"] = ["Data"],
        ["SafetyWorld"] = ["Data"],
        ["Objectives"] = [],
        ["Processing"] = ["Core"],
        ["Models"] = ["Processing", "Objectives"],
        ["Training"] = ["Data", "Objectives", "Models"],
        ["Guard"] = ["Core"],
        ["Guard.Onnx"] = ["Data", "Processing", "Guard"],
        ["Guard.Ocr"] = ["Data", "Guard"],
        ["Guard.Hosting"] = ["Guard"],
        ["Guard.Agents"] = ["Guard"],
        ["Guard.Evaluation"] = ["Guard"],
        ["Audit"] = ["Guard"],
        ["Inference"] = ["Data", "Models", "Guard"],
        ["Evaluation"] = ["Data", "Guard"],
        ["Annotation"] = ["Data", "Evaluation"],
        ["Gateway"] = ["Guard", "Audit"],
        ["Demo"] = ["SafetyWorld", "Training", "Inference", "Evaluation"],
        ["Cli"] = ["Core", "Data", "Deduplication", "SafetyWorld", "Objectives", "Processing", "Models", "Training", "Guard", "Guard.Onnx", "Guard.Ocr",
            "Guard.Hosting", "Guard.Agents", "Guard.Evaluation", "Audit", "Inference", "Evaluation", "Annotation", "Gateway", "Demo"],
    };

    public static readonly string[] WithoutTorch = ["Core", "Data", "Deduplication", "SafetyWorld", "Processing", "Guard", "Guard.Onnx", "Guard.Ocr",
        "Guard.Hosting",
        "Guard.Agents", "Guard.Evaluation", "Audit", "Evaluation", "Annotation", "Gateway"];

    /// <summary>Namespaces of others where extension methods stand, so that they are found without another using: by file.</summary>
    public static readonly IReadOnlyDictionary<string, string> ForeignNamespaces = new Dictionary<string, string>
    {
        ["GuardServiceCollectionExtensions.cs"] = "Microsoft.Extensions.DependencyInjection",
        ["GuardChatClientBuilderExtensions.cs"] = "Microsoft.Extensions.AI",
        ["GuardAgentBuilderExtensions.cs"] = "Microsoft.Agents.AI",
    };

    public static IEnumerable<TheoryDataRow<string>> Rooms => MayUse.Keys.Select(room => new TheoryDataRow<string>(room));

    public static string SourceFolder(string room) => Path.Combine(Golden.RepositoryRoot(), "src", $"SafeRlhfV.{room}");

    public static Assembly Load(string room) => Assembly.Load(room == "Cli" ? "safe-rlhf-v" : $"SafeRlhfV.{room}");

    public static IEnumerable<string> SourceFiles(string room) => FilesOf(SourceFolder(room));

    /// <summary>The C# files of a folder of the repository, without what builds leave there.</summary>
    public static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    /// <summary>What a room may use directly or by way of what it uses.</summary>
    public static HashSet<string> Reach(string room)
    {
        HashSet<string> reach = [];
        Stack<string> open = new(MayUse[room]);
        while (open.TryPop(out string? next))
            if (reach.Add(next))
                foreach (string further in MayUse[next]) open.Push(further);
        return reach;
    }
}
