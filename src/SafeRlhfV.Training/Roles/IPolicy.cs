using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>A role that answers: the actor, or the reference.</summary>
public interface IPolicy
{
    /// <summary>log π of the answers' tokens, [B, T], float32; 0 at invalid places.</summary>
    /// <param name="batch">Prompts with answers.</param>
    /// <param name="temperature">The policy is the distribution at this temperature.</param>
    Tensor LogProbs(SequenceBatch batch, double temperature = 1);

    /// <summary>The same, with the entropy of each of those positions in nats (without gradient).</summary>
    (Tensor LogProbs_BT, Tensor Entropy_BT) LogProbsAndEntropy(SequenceBatch batch, double temperature = 1);

    /// <summary>Answers prompts (a batch without answers).</summary>
    GenerationResult Generate(SequenceBatch prompts, GenerationSettings settings, IReadOnlyList<RandomStream> streams,
        CancellationToken cancellationToken = default);
}
