namespace SafeRlhfV.Training;

/// <summary>What a recipe leaves open, so that one file serves every model: <c>${model}</c> and <c>${name}</c> in its values.</summary>
/// <param name="Model">The model's folder (--model). Where the recipe does not use <c>${model}</c>, it takes the place of model.folder (of PPO:
/// model.policy).</param>
/// <param name="Name">A name for the runs of this model (--name), such as that of a folder.</param>
public sealed record RecipeVariables(string? Model = null, string? Name = null)
{
    private const string ModelWord = "model", NameWord = "name";

    internal IReadOnlyDictionary<string, string?> Values => new Dictionary<string, string?> { [ModelWord] = Model, [NameWord] = Name };

    /// <summary>Whether the model takes the place of a key, since the recipe has no variable for it.</summary>
    internal bool SetsModel(IReadOnlySet<string> used) => Model is not null && !used.Contains(ModelWord);

    /// <summary>Whether a name was given that the recipe does not use.</summary>
    internal bool HasIdleName(IReadOnlySet<string> used) => Name is not null && !used.Contains(NameWord);
}
