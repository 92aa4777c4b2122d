namespace SafeRlhfV.Training;

/// <summary>How far the heads of RM-V and CM-V disagree on an answer.</summary>
/// <param name="Reward">Standard deviation of the rewards; 0 of one head.</param>
/// <param name="Cost">Standard deviation of the costs; 0 of one head.</param>
/// <param name="CostSplits">Whether the heads of CM-V are on both sides of 0: some call the answer safe, others unsafe.</param>
internal readonly record struct HeadSpread(float Reward, float Cost, bool CostSplits)
{
    /// <summary>Puts a batch's scores into its episodes.</summary>
    public static void Put(IReadOnlyList<Episode> rows, PairedScores scores)
    {
        float[]? rewards = scores.Reward_B is { } given ? HostRows.Of(given) : null;
        float[] costs = HostRows.Of(scores.Cost_B);
        float[]? rewardStd = scores.RewardStd_B is { } std ? HostRows.Of(std) : null, costStd = scores.CostStd_B is { } of ? HostRows.Of(of) : null,
            splits = scores.CostSplits_B is { } split ? HostRows.Of(split) : null;
        for (int row = 0; row < rows.Count; row++)
        {
            (rows[row].Reward, rows[row].Cost) = (rewards?[row] ?? 0, costs[row]);
            rows[row].Spread = new(rewardStd?[row] ?? 0, costStd?[row] ?? 0, splits?[row] > 0);
        }
    }

    /// <summary>Adds the disagreement over a round's answers, for those score models that have several heads.</summary>
    public static void Describe(IReadOnlyCollection<Episode> episodes, ScorePair scores, Dictionary<string, double> metrics)
    {
        if (scores.HasReward && scores.Reward.Head.Heads > 1) metrics["reward_disagreement"] = episodes.Average(one => one.Spread.Reward);
        if (scores.Cost.Head.Heads == 1) return;
        metrics["cost_disagreement"] = episodes.Average(one => one.Spread.Cost);
        metrics["cost_sign_disagreement"] = episodes.Average(one => one.Spread.CostSplits ? 1.0 : 0.0);
    }
}
