namespace SafeRlhfV.Evaluation;

/// <summary>The difference of a figure between two models on the same items.</summary>
/// <param name="Value">The difference with its 95 % interval.</param>
/// <param name="Units">Units that it is taken over.</param>
/// <param name="Method">How the interval was found.</param>
public sealed record PairedDifference(Estimate Value, int Units, string Method)
{
    /// <summary>The methods' names.</summary>
    public const string BonettPrice = "Bonett-Price", Bootstrap = "paired bootstrap";
}
