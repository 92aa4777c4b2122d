namespace SafeRlhfV.Training;

/// <summary>
/// The rewards of a round's answers where a recipe lists them: RM-V's score, and what can be checked of the texts. Their weighted sum is the reward.
/// </summary>
/// <param name="settings">What is rewarded.</param>
/// <param name="batcher">Reads the texts.</param>
internal sealed class RolloutRewards(RolloutSettings settings, SampleBatcher batcher)
{
    /// <summary>Sums the rewards of answers that are scored. All ranks do the same for all answers.</summary>
    /// <exception cref="InvalidInputException">A score, or the sum, is not a finite number.</exception>
    public void Add(IReadOnlyCollection<Episode> episodes)
    {
        foreach (Episode one in episodes) DemandFinite(one);
        if (!settings.TellsBothCosts) return;
        foreach (Episode one in episodes)
        {
            ResponseText response = batcher.TextOf(one.Sample);
            one.IsUnclosed = response.IsUnclosed;
            if (settings.Rewards.Count == 0) continue;
            one.Rewards = [.. settings.Rewards.Select((term, i) => Part(term, one, response, one.Sample.Expected[i]))];
            one.Reward = (float)settings.Rewards.Zip(one.Rewards, (term, part) => term.Weight * part.Value).Sum();
            Demand("training.rewards", "the weighted sum", one.Reward, "lower the weights");
        }
    }

    /// <summary>Adds the mean of each kind over the answers that it has a part in, how many of them it could not read, and both costs.</summary>
    public void Describe(IReadOnlyCollection<Episode> episodes, Dictionary<string, double> metrics)
    {
        if (!settings.TellsBothCosts) return;
        foreach ((int i, RewardTerm term) in settings.Rewards.Index())
        {
            RewardPart[] parts = [.. episodes.Select(one => one.Rewards[i]).Where(part => part.Counts)];
            if (parts.Length == 0) continue;
            metrics[$"reward_{term.Name}"] = parts.Average(part => part.Value);
            if (term.NeedsAnswer) metrics[$"unread_{term.Name}"] = parts.Average(part => part.IsRead ? 0.0 : 1.0);
        }
        metrics["cost_all"] = episodes.Average(one => one.CostOfAll);
        metrics["cost_answer"] = episodes.Average(one => one.CostOfAnswer);
        metrics["unclosed_share"] = episodes.Average(one => one.IsUnclosed ? 1.0 : 0.0);
    }

    // the same on all ranks: a number that is not finite would end as an error of the multiplier or of the gradient
    private static void DemandFinite(Episode one)
    {
        const string Advice = "its weights are broken or too large for their type; train it again, or take model.dtype: float32";
        Demand("model.reward", "the score", one.Reward, Advice);
        Demand("model.cost", "the score", one.Cost, Advice);
        Demand("model.cost", "the score", one.CostOfAll, Advice);
        Demand("model.cost", "the score", one.CostOfAnswer, Advice);
        Demand("training.judge", "the score", one.Judged, Advice);
    }

    private static void Demand(string key, string what, float value, string advice)
    {
        if (!float.IsFinite(value))
            throw new InvalidInputException(FormattableString.Invariant($"{key}: {what} of a response is {value}, which is not a finite number; {advice}."));
    }

    private static RewardPart Part(RewardTerm term, Episode one, ResponseText response, ExpectedAnswer? expected)
    {
        if (term.Kind == RewardKind.Score) return new(one.Reward, true, true);
        if (term.NeedsAnswer && expected is null) return new(0, false, true);
        double? checkedReward = term.Check(response, expected);
        return new(checkedReward ?? 0, true, checkedReward is not null);
    }
}
