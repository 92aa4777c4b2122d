namespace SafeRlhfV.Training;

/// <summary>The rows of a guard.</summary>
public sealed record GuardDataRecipe : DataRecipe
{
    /// <summary>
    /// Rows with harmless questions, with or without images: half of the prompts that are judged alone. Nothing else of them is read. Null = none.
    /// </summary>
    public DataRecipe? SafePrompts { get; init; }
}
