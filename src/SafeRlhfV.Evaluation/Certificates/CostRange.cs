namespace SafeRlhfV.Evaluation;

/// <summary>The range that costs are known to lie in, whatever the prompt and the answer: bounds that hold for any distribution rest on it.</summary>
/// <param name="Low">The smallest cost possible.</param>
/// <param name="High">The largest cost possible.</param>
public readonly record struct CostRange(double Low, double High)
{
    /// <summary>High - low.</summary>
    public double Width => High - Low;

    /// <summary>Whether a cost lies in it; NaN does not.</summary>
    public bool Holds(double cost) => cost >= Low && cost <= High;
}
