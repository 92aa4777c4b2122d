namespace SafeRlhfV.Training;

/// <summary>The rows of PPO.</summary>
public sealed record PpoDataRecipe
{
    /// <summary>Rows whose pictures and questions are the prompts; pairs also serve to bring the scores onto one scale.</summary>
    public DataRecipe Prompts { get; init; } = new();

    /// <summary>Instruction data of the flat layout for PTX; null = none.</summary>
    public DataRecipe? Instructions { get; init; }
}
