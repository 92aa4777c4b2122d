using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Reward and cost of the same texts: by two scorers, or by one with two outputs, in one pass.</summary>
public sealed class ScorePair
{
    private readonly ScorerRole reward, cost;

    /// <summary>Two scorers of one output each.</summary>
    public ScorePair(ScorerRole reward, ScorerRole cost) => (this.reward, this.cost) = (reward, cost);

    /// <summary>One scorer whose outputs are reward and cost.</summary>
    public ScorePair(ScorerRole both) : this(both, both)
    {
        if (both.Head.Outputs != ScoresTrainer.Outputs) throw new ArgumentException($"Reward and cost are two outputs, not {both.Head.Outputs}.", nameof(both));
    }

    /// <summary>Whether one pass gives both.</summary>
    public bool IsJoint => ReferenceEquals(reward, cost);

    /// <summary>What gives the reward.</summary>
    public ScorerRole Reward => reward;

    /// <summary>What gives the cost; the same object if both come from one pass.</summary>
    public ScorerRole Cost => cost;

    /// <summary>The scorers behind it: one, or two.</summary>
    public IReadOnlyList<ScorerRole> Scorers => IsJoint ? [reward] : [reward, cost];

    /// <summary>Scores at the last valid tokens, each [B].</summary>
    public (Tensor Reward_B, Tensor Cost_B) EndScores(SequenceBatch batch)
    {
        if (!IsJoint) return (reward.EndScores(batch), cost.EndScores(batch));
        Tensor both_B2 = reward.EndScores(batch);
        return (both_B2.select(-1, 0), both_B2.select(-1, 1));
    }

    /// <summary>Values of the states before each answer token, each [B, T]; null for what is not asked for.</summary>
    public (Tensor? Reward_BT, Tensor? Cost_BT) Values(SequenceBatch batch, bool wantsReward = true, bool wantsCost = true)
    {
        if (!IsJoint) return (wantsReward ? reward.Values(batch) : null, wantsCost ? cost.Values(batch) : null);
        Tensor both_BT2 = reward.Values(batch);
        return (wantsReward ? both_BT2.select(-1, 0) : null, wantsCost ? both_BT2.select(-1, 1) : null);
    }
}
