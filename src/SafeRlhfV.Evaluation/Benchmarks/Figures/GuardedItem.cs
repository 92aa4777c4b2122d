namespace SafeRlhfV.Evaluation;

/// <summary>What a guard said of an item whose label is known.</summary>
/// <param name="Item">The item with its facts.</param>
/// <param name="IsUnsafe">The label.</param>
/// <param name="Call">What the guard said.</param>
/// <param name="Categories">The categories of the label; null where only safe or unsafe is known.</param>
public sealed record GuardedItem(ScoredItem Item, bool IsUnsafe, GuardCall Call, IReadOnlyList<string>? Categories = null);
