namespace SafeRlhfV.Training;

/// <summary>How long a row's texts are.</summary>
/// <param name="Prompt">Tokens of the prompt, image tokens among them.</param>
/// <param name="Responses">Tokens of each answer.</param>
public readonly record struct PlanRow(int Prompt, int[] Responses);
