namespace SafeRlhfV.Objectives;

/// <summary>
/// SafeDPO's order of a pair (arXiv 2505.20065): a safe answer wins over an unsafe one, whichever is preferred; two safe answers keep their order; two unsafe
/// ones are dropped, or keep their order.
/// </summary>
/// <param name="IsKept">Whether the pair is learnt from.</param>
/// <param name="IsSwapped">Whether the two answers change places.</param>
/// <param name="HarmGap">h_lose - h_win after the change: 1 for a safe answer against an unsafe one, else 0.</param>
public readonly record struct SafePairOrder(bool IsKept, bool IsSwapped, int HarmGap)
{
    /// <summary>The order of a pair.</summary>
    /// <param name="preferredIsUnsafe">h of the preferred answer.</param>
    /// <param name="otherIsUnsafe">h of the other one.</param>
    /// <param name="bothUnsafe">What is done with two unsafe answers.</param>
    public static SafePairOrder Of(bool preferredIsUnsafe, bool otherIsUnsafe, BothUnsafe bothUnsafe) => (preferredIsUnsafe, otherIsUnsafe) switch
    {
        (true, true) => new(bothUnsafe == BothUnsafe.Keep, IsSwapped: false, HarmGap: 0),
        (true, false) => new(IsKept: true, IsSwapped: true, HarmGap: 1),
        (false, true) => new(IsKept: true, IsSwapped: false, HarmGap: 1),
        _ => new(IsKept: true, IsSwapped: false, HarmGap: 0),
    };
}
