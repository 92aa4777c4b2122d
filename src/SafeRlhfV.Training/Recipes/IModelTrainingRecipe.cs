namespace SafeRlhfV.Training;

/// <summary>What the recipes of one model have in common, whichever trainer's settings they hold.</summary>
public interface IModelTrainingRecipe
{
    /// <summary>The model.</summary>
    ModelRecipe Model { get; }

    /// <summary>The rows.</summary>
    DataRecipe Data { get; }

    /// <summary>How it is trained.</summary>
    TrainerSettings Training { get; }
}
