namespace SafeRlhfV.Training;

/// <summary>The trainers known here.</summary>
public static class Trainers
{
    /// <summary>All of them, in the order of the help. A program may add its own.</summary>
    public static Registry<TrainerDefinition> All { get; } = new(
        trainer => [trainer.Name], new SftDefinition(), new RewardDefinition(), new CostDefinition(), new ScoresDefinition(), new DpoDefinition(),
        new PpoDefinition(), new GrpoDefinition(), new GuardDefinition());

    /// <summary>The trainer of a recipe.</summary>
    internal static TrainerDefinition Of(Recipe recipe) =>
        All.FirstOrDefault(trainer => trainer.RecipeType == recipe.GetType())
        ?? throw new InvalidOperationException($"No trainer has recipes of {recipe.GetType().Name}.");
}
