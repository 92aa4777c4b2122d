namespace SafeRlhfV.Data;

/// <summary>Which columns hold a part of a row.</summary>
internal static class RecordColumns
{
    /// <summary>The part that a column belongs to; null for columns that hold the conversation, or what only the way back to pairs needs.</summary>
    public static RecordParts? PartOf(string column) => column switch
    {
        "response" or "response_1" or "response_2" => RecordParts.Answers,
        "more_helpful_response_id" or "overall_response_id" => RecordParts.Helpful,
        "safer_response_id" => RecordParts.Safe,
        "is_response_safe" or "is_response_1_safe" or "is_response_2_safe" => RecordParts.Labels,
        "is_prompt_safe" => RecordParts.Prompt,
        "category" => RecordParts.Category,
        "image_severity" => RecordParts.Severity,
        "answer" => RecordParts.RightAnswer,
        _ when column.EndsWith("_rate", StringComparison.Ordinal) => RecordParts.Rates,
        _ => null,
    };

    /// <summary>Whether a column is looked at where some parts are wanted.</summary>
    public static bool IsWanted(string column, RecordParts parts) => PartOf(column) is { } part
        ? (parts & part) != 0
        : column is "question" or "image" or "messages" or "images" || parts == RecordParts.All;

    /// <summary>Whether a column holds labels or answers' numbers, which people write as words, numbers or booleans.</summary>
    public static bool IsLabel(string column) => column.StartsWith("is_", StringComparison.Ordinal)
        || column.EndsWith("_response_id", StringComparison.Ordinal);

    /// <summary>Whether a column of texts may hold numbers or booleans, which are read as texts.</summary>
    public static bool MayHoldNumbers(string column) => IsLabel(column) || column == "answer";
}
