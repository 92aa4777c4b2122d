namespace SafeRlhfV.Demo;

/// <summary>One figure that the run had to reach.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Comparison">Which side passes.</param>
/// <param name="Required">The threshold, in <paramref name="Unit"/>.</param>
/// <param name="Reached">The figure, in <paramref name="Unit"/>; NaN (not measured) never passes.</param>
/// <param name="Unit">How both are written.</param>
/// <param name="Enforced">False where the profile only reports it (a quick run is too small to be held to it).</param>
public sealed record ThresholdResult(string Name, Comparison Comparison, double Required, double Reached, FigureUnit Unit, bool Enforced = true)
{
    /// <summary>Whether the figure passes.</summary>
    public bool Passed => Comparison == Comparison.AtLeast ? Reached >= Required : Reached <= Required;
}
