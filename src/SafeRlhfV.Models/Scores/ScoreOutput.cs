using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What a score model says of a batch.</summary>
/// <param name="Scores">At every token: [B, L], or [B, L, n] with n > 1 outputs of all heads.</param>
/// <param name="EndScores">At the last valid token: [B] or [B, n].</param>
public sealed record ScoreOutput(Tensor Scores, Tensor EndScores);
