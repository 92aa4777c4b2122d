namespace SafeRlhfV.Models;

/// <summary>The guard's heads for one text, as probabilities.</summary>
/// <param name="Unsafe">That the content is unsafe.</param>
/// <param name="Categories">Of each category by itself, in the order of <see cref="GuardHeads.Categories"/>.</param>
/// <param name="Severities">Of the severities, in the order of <see cref="GuardHeads.Severities"/>; they add up to 1.</param>
public sealed record GuardProbabilities(double Unsafe, IReadOnlyList<double> Categories, IReadOnlyList<double> Severities)
{
    /// <summary>Probabilities of one row of the head's numbers: sigmoid, sigmoid, softmax, each after its temperature.</summary>
    /// <param name="outputs_N">[25].</param>
    /// <param name="temperatures">Each head's temperature.</param>
    public static GuardProbabilities Of(ReadOnlySpan<float> outputs_N, GuardTemperatures temperatures)
    {
        if (outputs_N.Length != GuardHeads.Outputs)
            throw new ArgumentException($"A guard gives {GuardHeads.Outputs} numbers, not {outputs_N.Length}.", nameof(outputs_N));
        double[] categories = new double[GuardHeads.Categories.Count], severities = new double[GuardHeads.Severities.Count];
        for (int i = 0; i < categories.Length; i++) categories[i] = Sigmoid(outputs_N[GuardHeads.FirstCategory + i] / temperatures.Category);
        double largest = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < severities.Length; i++) largest = Math.Max(largest, outputs_N[GuardHeads.FirstSeverity + i] / temperatures.Severity);
        for (int i = 0; i < severities.Length; i++) sum += severities[i] = Math.Exp(outputs_N[GuardHeads.FirstSeverity + i] / temperatures.Severity - largest);
        for (int i = 0; i < severities.Length; i++) severities[i] /= sum;
        return new GuardProbabilities(Sigmoid(outputs_N[GuardHeads.Verdict] / temperatures.Verdict), categories, severities);
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
