namespace SafeRlhfV.Objectives;

/// <summary>The Lagrange multiplier λ of one run. A training step calls <see cref="Step"/> once, before its actor loss.</summary>
public interface IMultiplier
{
    /// <summary>λ now.</summary>
    double Value { get; }

    /// <summary>J_C, the mean of the window; NaN before the first cost.</summary>
    double MeanCost { get; }

    /// <summary>What the budget is tightened by, from the costs in the window; 0 without a margin.</summary>
    double Margin { get; }

    /// <summary>The whole state; setting it continues a saved run exactly.</summary>
    MultiplierState State { get; set; }

    /// <summary>Takes in the raw episode costs of a step (no KL term), then updates λ if the delay is over. A step without
    /// costs counts for the delay and changes nothing else.</summary>
    /// <returns>Whether λ was updated.</returns>
    /// <exception cref="ArgumentException">A cost is not finite: it would poison λ for good.</exception>
    bool Step(ReadOnlySpan<double> episodeCosts);
}
