namespace SafeRlhfV.Objectives;

/// <summary>
/// The mean over prompts of how far each prompt's mean cost is above the budget, so that safe prompts cannot pay for unsafe ones. Our own definition.
/// </summary>
/// <param name="PromptMeans">The mean cost of each prompt's answers; 0 where none counts.</param>
/// <param name="Excess">max(mean - d, 0) of each prompt.</param>
/// <param name="IsOver">Prompts whose mean is above the budget.</param>
/// <param name="Mean">J: the mean excess of the prompts that count; 0 without.</param>
/// <param name="SignedMean">The same without max, for comparison.</param>
/// <param name="Prompts">Prompts with an answer that counts.</param>
public sealed record PositivePart(double[] PromptMeans, double[] Excess, bool[] IsOver, double Mean, double SignedMean, int Prompts)
{
    /// <summary>Computes it.</summary>
    /// <param name="costs">C of each answer, prompt after prompt.</param>
    /// <param name="counts">Whether each answer counts.</param>
    /// <param name="groupSize">Answers of a prompt.</param>
    /// <param name="budget">d.</param>
    public static PositivePart Of(ReadOnlySpan<double> costs, ReadOnlySpan<bool> counts, int groupSize, double budget)
    {
        int groups = costs.Length / groupSize, prompts = 0;
        double[] means = new double[groups], excess = new double[groups];
        bool[] isOver = new bool[groups];
        double sum = 0, signed = 0;
        for (int group = 0; group < groups; group++)
        {
            double total = 0;
            int count = 0;
            for (int at = group * groupSize; at < (group + 1) * groupSize; at++)
            {
                if (!counts[at]) continue;
                total += costs[at];
                count++;
            }
            if (count == 0) continue;
            prompts++;
            means[group] = total / count;
            isOver[group] = means[group] > budget;
            excess[group] = Math.Max(0, means[group] - budget);
            (sum, signed) = (sum + excess[group], signed + means[group] - budget);
        }
        return new(means, excess, isOver, prompts == 0 ? 0 : sum / prompts, prompts == 0 ? 0 : signed / prompts, prompts);
    }
}
