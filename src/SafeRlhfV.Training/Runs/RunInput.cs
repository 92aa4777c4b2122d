namespace SafeRlhfV.Training;

/// <summary>Files that a run is made from: a model, an adapter or a data set. A run only goes on with the files that it was begun with.</summary>
/// <param name="Name">The recipe's key, such as model.folder.</param>
/// <param name="Files">Each is compared by itself.</param>
/// <param name="Images">Images beside data files; there may be many, and they are compared as one.</param>
public sealed record RunInput(string Name, IReadOnlyList<string> Files, IReadOnlyList<string> Images);
