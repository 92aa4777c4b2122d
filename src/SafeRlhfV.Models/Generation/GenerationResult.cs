using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Generated answers; row = prompt × samples + sample.</summary>
/// <param name="Tokens_BT">New tokens, int64, filled up with the pad token after a row's end; T is the longest answer.</param>
/// <param name="Lengths">Tokens of each answer, its end token among them.</param>
/// <param name="LogProbs_BT">log p of each token if asked for (0 after the end), float32.</param>
/// <param name="Finishes">Why each answer ended.</param>
public sealed record GenerationResult(Tensor Tokens_BT, IReadOnlyList<int> Lengths, Tensor? LogProbs_BT, IReadOnlyList<FinishReason> Finishes) : IDisposable
{
    /// <summary>The answer of one row, its end token among them.</summary>
    public IReadOnlyList<int> Row(int row) => [.. Tokens_BT[row].data<long>().ToArray().Take(Lengths[row]).Select(id => (int)id)];

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens_BT.Dispose();
        LogProbs_BT?.Dispose();
    }
}
