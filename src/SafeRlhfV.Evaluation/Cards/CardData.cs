namespace SafeRlhfV.Evaluation;

/// <summary>A data set as a model card names it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="License">The license that its card states; null where it states none.</param>
/// <param name="Use">What it was used for, such as data.folder.</param>
public sealed record CardData(string Name, string? License, string Use);
