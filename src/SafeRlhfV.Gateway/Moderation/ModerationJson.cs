using System.Text.Json.Nodes;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Writes verdicts in the shape of OpenAI's moderations: categories in OpenAI's names and ours, and the severity.</summary>
internal static class ModerationJson
{
    /// <summary>What the gateway's moderators are called together.</summary>
    public const string Model = "guard";

    // OpenAI's categories by ours; clients expect each of them to be there.
    private static readonly (string Theirs, string[] Ours)[] Theirs =
    [
        ("harassment", ["insulting_and_harassing_behavior", "psychological_harm_and_manipulation"]),
        ("harassment/threatening", []),
        ("hate", ["discriminatory_depictions"]),
        ("hate/threatening", []),
        ("illicit", ["dangerous_behavior", "hacking_or_digital_crime", "financial_and_academic_fraud", "identity_misuse_and_impersonation"]),
        ("illicit/violent", ["terrorism_or_extremism"]),
        ("self-harm", []),
        ("self-harm/intent", []),
        ("self-harm/instructions", []),
        ("sexual", ["pornographic_content"]),
        ("sexual/minors", []),
        ("violence", ["violence_and_physical_harm", "animal_abuse", "sexual_crimes"]),
        ("violence/graphic", ["horror_and_gore"]),
    ];

    /// <summary>One result of <c>/v1/moderations</c>.</summary>
    public static JsonObject Result(Verdict verdict, ModerationRequest request) => Result(verdict, request.Question.Length > 0, request.Images.Count > 0);

    /// <summary>The member <c>moderation</c> of an answer.</summary>
    /// <param name="report">What the guard decided.</param>
    /// <param name="asList">Whether a side is a list of results, as in Chat Completions; a result alone otherwise, as in Responses.</param>
    public static JsonObject Member(GuardReport report, bool asList) => new()
    {
        ["input"] = Side(report.PromptDecision?.Verdict, (report.Judged ?? report.Prompt).Question.Length > 0, report.Prompt.Images.Count > 0, asList),
        ["output"] = Side(report.Rounds.Count > 0 ? report.Rounds[^1].Decision.Verdict : null, hasText: true, hasImages: false, asList),
    };

    private static JsonObject Side(Verdict? verdict, bool hasText, bool hasImages, bool asList)
    {
        if (verdict is null) return Error("not_moderated", "There was nothing to judge.");
        if (verdict.Failure is not null) return Error("moderator_failed", "The check could not be made.");
        JsonObject result = Result(verdict, hasText, hasImages);
        result.Insert(0, "type", "moderation_result");
        result.Insert(1, "model", Model);
        return asList ? new() { ["type"] = "moderation_results", ["model"] = Model, ["results"] = new JsonArray(result) } : result;
    }

    private static JsonObject Error(string code, string message) => new() { ["type"] = "error", ["code"] = code, ["message"] = message };

    private static JsonObject Result(Verdict verdict, bool hasText, bool hasImages)
    {
        JsonObject categories = [], scores = [], types = [];
        string[] inputs = [.. hasText ? ["text"] : Array.Empty<string>(), .. hasImages ? ["image"] : Array.Empty<string>()];
        void Add(string name, bool isFlagged, double score)
        {
            categories[name] = isFlagged;
            scores[name] = score;
            types[name] = new JsonArray([.. inputs]);
        }

        foreach ((string theirs, string[] ours) in Theirs)
            Add(theirs, ours.Any(verdict.Flagged.Contains), ours.Select(name => verdict.Categories.GetValueOrDefault(name)).DefaultIfEmpty(0).Max());
        foreach (string name in Taxonomy.Categories.Union(verdict.Categories.Keys).Union(verdict.Flagged))
            Add(name, verdict.Flagged.Contains(name), verdict.Categories.GetValueOrDefault(name));
        return new()
        {
            ["flagged"] = verdict.IsUnsafe,
            ["categories"] = categories,
            ["category_scores"] = scores,
            ["category_applied_input_types"] = types,
            ["score"] = verdict.Score,
            ["severity"] = verdict.Severity.ToString().ToLowerInvariant(),
        };
    }
}
