namespace SafeRlhfV.Data;

/// <summary>What one annotator (a person, or one judgement of a model) said about one pair.</summary>
/// <param name="Item">The pair's key; the same pair has the same key for every annotator.</param>
/// <param name="Annotator">Who.</param>
/// <param name="MoreHelpful">The more helpful answer, 1 or 2.</param>
/// <param name="Safer">The safer answer, 1 or 2.</param>
/// <param name="Harmless1">Harmlessness of answer 1, -3..3; below 0 is unsafe.</param>
/// <param name="Harmless2">Harmlessness of answer 2.</param>
/// <param name="Helpful1">Helpfulness of answer 1, 0..3.</param>
/// <param name="Helpful2">Helpfulness of answer 2.</param>
/// <param name="Category">The category; null where it was not asked.</param>
/// <param name="Severity">The severity of the image, 0..3; null where it was not asked.</param>
public sealed record AnnotationRecord(
    string Item, string Annotator, int MoreHelpful, int Safer, int Harmless1, int Harmless2, int Helpful1, int Helpful2, string? Category = null,
    int? Severity = null)
{
    /// <summary>What is wrong with it, in words; null where it keeps the rules.</summary>
    public string? FindFault()
    {
        if (Item.Length == 0 || Annotator.Length == 0) return "the item and the annotator must be named";
        if (MoreHelpful is not (1 or 2) || Safer is not (1 or 2)) return "a preference must be 1 or 2";
        if (Harmless1 is < RowRules.LowestHarmless or > RowRules.HighestHarmless || Harmless2 is < RowRules.LowestHarmless or > RowRules.HighestHarmless)
            return $"a harmless rate must be {RowRules.LowestHarmless}..{RowRules.HighestHarmless}";
        if (Helpful1 is < 0 or > RowRules.HighestHelpful || Helpful2 is < 0 or > RowRules.HighestHelpful)
            return $"a helpful rate must be 0..{RowRules.HighestHelpful}";
        if (Category is not null && Taxonomy.IndexOf(Category) < 0) return $"{Finding.Quote(Category)} is not one of the categories";
        if (Severity is < 0 or > RowRules.HighestSeverity) return $"the severity must be 0..{RowRules.HighestSeverity}";
        return CrossesLine ? $"answer {Safer} is called the safer one but is unsafe, while the other is safe" : null;
    }

    /// <summary>Whether the answer that is called safer is unsafe and the other is safe.</summary>
    internal bool CrossesLine => (Safer == 1 ? Harmless1 : Harmless2) < 0 && (Safer == 1 ? Harmless2 : Harmless1) >= 0;
}
