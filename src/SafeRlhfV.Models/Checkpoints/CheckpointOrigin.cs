namespace SafeRlhfV.Models;

/// <summary>Where a loaded model came from.</summary>
/// <param name="Folder">The checkpoint folder.</param>
/// <param name="Layout">How its files name the tensors.</param>
public sealed record CheckpointOrigin(string Folder, KeyLayout Layout);
