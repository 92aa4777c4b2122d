using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Responses side by side, each padded on the right with 0 to T columns, on the device of the mask. Constant: no gradient flows to any of it.
/// </summary>
/// <param name="Mask_BT">Response tokens, bool.</param>
/// <param name="LogProbs_BT">log π_old.</param>
/// <param name="Reward">Of the reward critic; null = rewards take no part.</param>
/// <param name="Cost">Of the cost critic; null = costs take no part.</param>
/// <param name="Weights_BT">What each token's term of the actor's loss is multiplied by; null = 1.</param>
public sealed record SafePpoBatch(Tensor Mask_BT, Tensor LogProbs_BT, ValueTargets? Reward, ValueTargets? Cost, Tensor? Weights_BT = null)
{
    /// <summary>Puts responses side by side.</summary>
    /// <param name="responses">One a row of the mask, float32 or float64.</param>
    /// <param name="mask_BT">Row i has as many true columns, from the left, as response i has tokens.</param>
    public static SafePpoBatch Collate<T>(IReadOnlyList<ShapedResponse<T>> responses, Tensor mask_BT) where T : unmanaged
    {
        return new(mask_BT, Pad(one => one.LogProbs), Targets(one => one.Reward), Targets(one => one.Cost),
            responses.Any(one => one.Weights is null) ? null : Pad(one => one.Weights!));

        ValueTargets? Targets(Func<ShapedResponse<T>, ValueEstimates<T>?> of) =>
            responses.Any(one => of(one) is null) ? null : new(Pad(one => of(one)!.Values), Pad(one => of(one)!.Advantages), Pad(one => of(one)!.Returns));

        Tensor Pad(Func<ShapedResponse<T>, T[]> of)
        {
            int width = (int)mask_BT.shape[1];
            T[] padded = new T[responses.Count * width];
            for (int row = 0; row < responses.Count; row++) of(responses[row]).CopyTo(padded, row * width);
            Tensor flat = padded switch
            {
                float[] singles => tensor(singles, device: mask_BT.device),
                double[] doubles => tensor(doubles, device: mask_BT.device),
                _ => throw new NotSupportedException($"Responses hold float or double, not {typeof(T).Name}."),
            };
            return flat.view(responses.Count, width);
        }
    }
}
