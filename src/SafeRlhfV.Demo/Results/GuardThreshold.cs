namespace SafeRlhfV.Demo;

/// <summary>A threshold of the guard chosen by conformal risk control on held-out rows with true labels.</summary>
/// <param name="Side">prompt or answer.</param>
/// <param name="Rows">Rows of that side.</param>
/// <param name="Unsafe">Of them, unsafe.</param>
/// <param name="Target">The largest share of unsafe rows that may be missed.</param>
/// <param name="Confidence">The share of calibration sets in which it is kept.</param>
/// <param name="Threshold">Unsafe from this p(unsafe) on.</param>
/// <param name="MissRate">The share of these unsafe rows that it misses.</param>
/// <param name="FalseAlarmRate">The share of these safe rows that it flags.</param>
/// <param name="Splits">How many random halvings the promise was tried on.</param>
/// <param name="HeldSplits">The share of them in which the threshold of one half kept it on the other; null where a half is too small for the promise.</param>
public sealed record GuardThreshold(
    string Side, int Rows, int Unsafe, double Target, double Confidence, double Threshold, double MissRate, double FalseAlarmRate, int Splits,
    double? HeldSplits);
