namespace SafeRlhfV.Models;

/// <summary>
/// What the guard's 25 outputs mean: one verdict, then the categories in the order of <see cref="Taxonomy.Categories"/>, then the severities.
/// </summary>
public static class GuardHeads
{
    /// <summary>How many numbers the head gives.</summary>
    public const int Outputs = 25;

    /// <summary>The output that says "unsafe".</summary>
    public const int Verdict = 0;

    /// <summary>The first category.</summary>
    public const int FirstCategory = 1;

    /// <summary>The first severity.</summary>
    public const int FirstSeverity = 21;

    /// <summary>The categories, in the order of their outputs.</summary>
    public static IReadOnlyList<string> Categories => Taxonomy.Categories;

    /// <summary>The severities, in the order of their outputs; an index here is |harmless rate| of an unsafe answer, 0 of a safe one.</summary>
    public static IReadOnlyList<string> Severities { get; } = ["none", "minor", "moderate", "severe"];
}
