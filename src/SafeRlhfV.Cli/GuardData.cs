using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Cli;

/// <summary>What the verbs under <c>guard</c> share beside who judges and who answers.</summary>
internal static class GuardData
{
    private const int ReportedBatch = 64;

    public static Option<FileInfo?> Policy() =>
        new("--policy") { Description = "A policy file, such as recipes/policy.yaml; without it the default policy decides." };

    public static Argument<string> Examples() =>
        new("data") { Description = "Labelled examples: BeaverTails-V in either layout, or JSONL with prompt, response, image and a label (docs/guard.md)." };

    /// <summary>Labelled examples; answers without a label are counted on stderr.</summary>
    public static IReadOnlyList<GuardExample> Read(string path, string? split, int? limit, string[]? categories) =>
        GuardExamples.Read(path, split, limit, LabelWords.CheckCategories(DataArguments.Mapping("--categories", categories)), Output.Note);

    public static GuardPolicy PolicyOf(FileInfo? file) => file is null ? GuardPolicy.Default : new PolicyFile(file.FullName).Current;

    /// <exception cref="InvalidInputException">An image cannot be read.</exception>
    public static IReadOnlyList<ModerationImage> Images(string[]? files) => [.. (files ?? []).Select(file => (ModerationImage)ModelArguments.Image(file))];

    public static string Words(GuardAction action) => action switch
    {
        GuardAction.Allow => "allow",
        GuardAction.AllowWithNotice => "allow with a notice",
        GuardAction.Redact => "redact",
        GuardAction.Regenerate => "regenerate",
        _ => "block"
    };

    /// <summary>Asks for something about every request, part by part, and reports as it goes.</summary>
    public static async Task<IReadOnlyList<T>> InParts<T>(IReadOnlyList<ModerationRequest> requests, string stage,
        Func<IReadOnlyList<ModerationRequest>, Task<IReadOnlyList<T>>> ask)
    {
        ProgressView progress = new(stage);
        List<T> all = [];
        foreach (ModerationRequest[] part in requests.Chunk(ReportedBatch))
        {
            all.AddRange(await ask(part));
            progress.Report(all.Count, requests.Count);
        }
        progress.Done(DataArguments.Count(requests.Count, "example"));
        return all;
    }
}
