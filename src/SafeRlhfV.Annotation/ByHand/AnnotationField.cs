using System.Globalization;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>What is chosen for a pair, with the values that each choice may have.</summary>
internal static class AnnotationField
{
    private static readonly string[] Answers = ["1", "2"], Harmless = ["-3", "-2", "-1", "0", "1", "2", "3"], Grades = ["0", "1", "2", "3"];

    /// <summary>Each field's values.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Values { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["more_helpful"] = Answers,
        ["safer"] = Answers,
        ["harmless_1"] = Harmless,
        ["harmless_2"] = Harmless,
        ["helpful_1"] = Grades,
        ["helpful_2"] = Grades,
        ["severity"] = Grades,
        ["category"] = Taxonomy.Categories,
    };

    /// <summary>The choices as a record; null where one is missing.</summary>
    public static AnnotationRecord? ToRecord(AnnotationItem item, string annotator, IReadOnlyDictionary<string, string> choices)
    {
        int? Number(string field) => choices.TryGetValue(field, out string? value) ? int.Parse(value, CultureInfo.InvariantCulture) : null;
        string? category = choices.GetValueOrDefault("category") ?? item.Category;
        return Number("more_helpful") is { } helpful && Number("safer") is { } safer && Number("harmless_1") is { } harmless1
            && Number("harmless_2") is { } harmless2
            && Number("helpful_1") is { } helpful1 && Number("helpful_2") is { } helpful2 && Number("severity") is { } severity && category is not null
            ? new(item.Id, annotator, helpful, safer, harmless1, harmless2, helpful1, helpful2, category, severity)
            : null;
    }
}
