namespace SafeRlhfV.Training;

/// <summary>The rows of PPO.</summary>
public sealed record PpoDataRecipe
{
    /// <summary>Rows whose images and questions are the prompts.</summary>
    public DataRecipe Prompts { get; init; } = new();

    /// <summary>Instruction data of the flat layout for PTX; null = none.</summary>
    public DataRecipe? Instructions { get; init; }

    /// <summary>Pairs whose answers bring the scores onto one scale (calibration_rows); null = the prompts' rows.</summary>
    public DataRecipe? Calibration { get; init; }
}
