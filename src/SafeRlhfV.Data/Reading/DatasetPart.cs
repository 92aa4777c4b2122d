namespace SafeRlhfV.Data;

/// <summary>One split of one configuration, and the files that hold its rows in order.</summary>
/// <param name="Config">The configuration; "default" where there is none.</param>
/// <param name="Split">The split: train, evaluation, ...</param>
/// <param name="Files">The files in the order in which their rows count.</param>
public sealed record DatasetPart(string Config, string Split, IReadOnlyList<string> Files);
