namespace SafeRlhfV.Objectives;

/// <summary>All that a constraint needs to go on exactly; plain numbers, so that JSON can hold it.</summary>
/// <param name="Multiplier">λ's state.</param>
/// <param name="Nu">Where the tail begins.</param>
/// <param name="Tail">The costs in the tail's window, oldest first.</param>
public sealed record ConstraintState(MultiplierState Multiplier, double Nu, IReadOnlyList<double> Tail);
