namespace SafeRlhfV.Objectives;

/// <summary>All that a multiplier needs to go on exactly; plain numbers, so that JSON can hold it.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Window">The last episode costs, oldest first.</param>
/// <param name="Variable">What is updated: log λ in mode log, else λ.</param>
/// <param name="IntegralSum">PID's summed excess.</param>
/// <param name="PreviousCost">PID's J_C of the active step before; null before the first.</param>
public sealed record MultiplierState(long Step, IReadOnlyList<double> Window, double Variable, double IntegralSum, double? PreviousCost);
