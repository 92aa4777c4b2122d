using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Which generated tokens count: everything up to and including the first end-of-sequence token.</summary>
public static class ResponseMask
{
    /// <summary>
    /// The mask of generated ids. The first end token counts as a response token; a padding id before it is a real token; a row without an end token is
    /// valid throughout. Lengths, not values, decide: the pad id is never looked at.
    /// </summary>
    /// <param name="generated_BT">int64 ids, the prompt already cut off.</param>
    /// <param name="endIds">The ids that end a sequence (one or more).</param>
    /// <returns>bool [B, T].</returns>
    public static Tensor FromTokens(Tensor generated_BT, IReadOnlyList<long> endIds)
    {
        using var scope = NewDisposeScope();
        Tensor isEnd_BT = zeros_like(generated_BT, dtype: ScalarType.Bool);
        foreach (long id in endIds) isEnd_BT = isEnd_BT.logical_or(generated_BT.EqualTo(id));
        Tensor ends_BT = isEnd_BT.to(ScalarType.Int64);
        return ends_BT.cumsum(1).sub_(ends_BT).eq(Scalars.Zero).MoveToOuterDisposeScope();
    }

    /// <summary>The mask that is true at t &lt; length, [B, width].</summary>
    /// <param name="lengths_B">int64 counts of valid tokens.</param>
    /// <param name="width">T.</param>
    public static Tensor FromLengths(Tensor lengths_B, long width)
    {
        using var scope = NewDisposeScope();
        return Scalars.Range(width, device: lengths_B.device).unsqueeze(0).lt(lengths_B.unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Valid tokens a row, int64 [B].</summary>
    public static Tensor Lengths(Tensor mask_BT) => mask_BT.sum(1);
}
