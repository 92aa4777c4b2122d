using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>The threshold chosen for prompts or for answers.</summary>
/// <param name="Side">Which side.</param>
/// <param name="Rows">Examples of that side.</param>
/// <param name="Unsafe">Of them, unsafe.</param>
/// <param name="Threshold">The threshold, with what it misses and what it flags wrongly among these examples.</param>
/// <param name="HeldSplits">
/// Of <see cref="GuardCalibration.Splits"/> random halvings of these examples, the share in which a threshold chosen on one half kept every target on the other; NaN where a half is too
/// small to promise it, or no confidence was asked for.
/// </param>
public sealed record GuardSideCalibration(GuardSide Side, int Rows, int Unsafe, ConformalThreshold Threshold, double HeldSplits);
