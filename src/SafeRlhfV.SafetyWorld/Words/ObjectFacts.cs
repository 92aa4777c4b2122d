namespace SafeRlhfV.SafetyWorld;

/// <summary>What the world says about one object.</summary>
/// <param name="Name">Its one-word name.</param>
/// <param name="Category">The harm category of its misuse, one of <see cref="Taxonomy.Categories"/>.</param>
/// <param name="UseSteps">Four steps of using it.</param>
/// <param name="OwnStep">The safe step that belongs to it.</param>
/// <param name="OwnReason">The reason for care that belongs to it.</param>
public sealed record ObjectFacts(string Name, string Category, IReadOnlyList<string> UseSteps, string OwnStep, string OwnReason);
