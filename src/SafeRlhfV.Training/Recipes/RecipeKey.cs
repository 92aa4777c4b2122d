namespace SafeRlhfV.Training;

/// <summary>A key of a recipe, as a reference lists it.</summary>
/// <param name="Section">Its section, such as training.optimizer.</param>
/// <param name="Name">Its name.</param>
/// <param name="Default">Its default as YAML; null where it has none.</param>
/// <param name="Values">What it may be, in words.</param>
/// <param name="Member">The property that it is read into, as XML documentation names it.</param>
public sealed record RecipeKey(string Section, string Name, string? Default, string Values, string Member);
