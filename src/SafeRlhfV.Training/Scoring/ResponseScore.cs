namespace SafeRlhfV.Training;

/// <summary>What a response scored.</summary>
/// <param name="Reward">R, on the calibrated scale; 0 where nothing gives it.</param>
/// <param name="Cost">C, likewise.</param>
/// <param name="IsRetokenised">Whether the score is that of the response's text, which gives other tokens than were sampled.</param>
public sealed record ResponseScore(float Reward, float Cost, bool IsRetokenised);
