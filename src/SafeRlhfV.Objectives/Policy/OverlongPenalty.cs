namespace SafeRlhfV.Objectives;

/// <summary>The soft penalty for answers near the length limit (DAPO, Yu et al. 2025).</summary>
public static class OverlongPenalty
{
    /// <summary>0 up to <paramref name="maximumLength"/> - <paramref name="margin"/> tokens, from there falling to -1 at the limit.</summary>
    /// <param name="length">Tokens of the answer, its end token among them.</param>
    /// <param name="maximumLength">The limit.</param>
    /// <param name="margin">Tokens before the limit over which the penalty grows; 0 = a step beyond the limit.</param>
    public static double Of(int length, int maximumLength, int margin) => length <= maximumLength - margin ? 0
        : length <= maximumLength ? (maximumLength - margin - length) / (double)margin
        : -1;
}
