using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>A role that gives numbers: reward, cost, a critic, the guard.</summary>
public interface IScorer
{
    /// <summary>The score of each text, read at its last valid token: [B], or [B, n] with n outputs. float32 or better.</summary>
    Tensor EndScores(SequenceBatch batch);

    /// <summary>The value of the state before each answer token, [B, T]: read at the column before it.</summary>
    Tensor Values(SequenceBatch batch);
}
