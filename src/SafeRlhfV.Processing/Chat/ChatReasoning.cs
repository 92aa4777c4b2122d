namespace SafeRlhfV.Processing;

/// <summary>How a model sets its reasoning apart from its answer.</summary>
/// <param name="Open">What begins it.</param>
/// <param name="Close">What ends it.</param>
/// <param name="IsOpened">The generation prompt ends with <paramref name="Open"/> already, so that the model writes only <paramref name="Close"/>.</param>
public sealed record ChatReasoning(string Open, string Close, bool IsOpened);
