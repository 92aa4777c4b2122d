namespace SafeRlhfV.Models;

/// <summary>One quantity of a case: the largest difference from the reference, and how much is allowed.</summary>
/// <param name="Name">Name of the tensor or figure in the case.</param>
/// <param name="Difference">Largest absolute difference (beyond the relative part of the tolerance, if it has one); for ids, how many differ.</param>
/// <param name="Tolerance">Largest difference allowed.</param>
public sealed record ParityCheck(string Name, double Difference, double Tolerance)
{
    /// <summary>Within the tolerance; a difference that is not a number is not.</summary>
    public bool Passed => Difference <= Tolerance;
}
