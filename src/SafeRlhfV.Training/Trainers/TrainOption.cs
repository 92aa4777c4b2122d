namespace SafeRlhfV.Training;

/// <summary>An option of <c>train</c> that stands for a key of the recipe.</summary>
/// <param name="Name">The option, such as --model.</param>
/// <param name="Key">The key, such as model.folder.</param>
/// <param name="Description">What it is, without a full stop.</param>
public sealed record TrainOption(string Name, string Key, string Description);
