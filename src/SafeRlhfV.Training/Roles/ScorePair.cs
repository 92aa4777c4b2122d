using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Reward and cost of the same texts: by two scorers, or by one with two outputs, in one pass.</summary>
public sealed class ScorePair
{
    private readonly ScorerRole? reward;
    private readonly ScorerRole cost;

    /// <summary>Two scorers of one output each; without one for the reward, the cost alone is scored.</summary>
    public ScorePair(ScorerRole? reward, ScorerRole cost) => (this.reward, this.cost) = (reward, cost);

    /// <summary>One scorer whose outputs are reward and cost.</summary>
    public ScorePair(ScorerRole both) : this(both, both)
    {
        if (both.Head.Outputs != ScoresTrainer.Outputs) throw new ArgumentException($"Reward and cost are two outputs, not {both.Head.Outputs}.", nameof(both));
    }

    /// <summary>Whether one pass gives both.</summary>
    public bool IsJoint => ReferenceEquals(reward, cost);

    /// <summary>Whether there is a reward.</summary>
    public bool HasReward => reward is not null;

    /// <summary>What gives the reward.</summary>
    /// <exception cref="InvalidOperationException">Nothing does.</exception>
    public ScorerRole Reward => reward ?? throw new InvalidOperationException("The cost alone is scored.");

    /// <summary>What gives the cost; the same object if both come from one pass.</summary>
    public ScorerRole Cost => cost;

    /// <summary>The scorers behind it: one, or two.</summary>
    public IReadOnlyList<ScorerRole> Scorers => IsJoint || reward is null ? [cost] : [reward, cost];

    /// <summary>c of <see cref="EnsembleScores"/>: what the disagreement of several heads takes from a reward and adds to a cost.</summary>
    public double Pessimism { get; init; }

    /// <summary>The same scorers, joined otherwise.</summary>
    internal ScorePair With(double pessimism, int heldOut) => IsJoint
        ? new(cost) { Pessimism = pessimism, HeldOutHeads = heldOut } : new(reward, cost) { Pessimism = pessimism, HeldOutHeads = heldOut };

    /// <summary>The last so many heads of the reward take no part in it; their mean judges.</summary>
    public int HeldOutHeads { get; init; }

    /// <summary>Scores at the last valid tokens; those of several heads are joined.</summary>
    public PairedScores EndScores(SequenceBatch batch)
    {
        Tensor? first = reward?.EndScores(batch);
        Tensor second = IsJoint ? first! : cost.EndScores(batch);
        int used = first is null ? 0 : reward!.Head.Heads - HeldOutHeads;
        EnsembleScores? rewards = first is null ? null : Join(reward!.Head, first, 0, ScoreRole.Reward, used), costs = JoinCosts(second);
        return new(rewards?.Score_B ?? (IsJoint ? first!.select(-1, 0) : first), costs?.Score_B ?? CostsOf(second))
        {
            RewardStd_B = rewards?.Std_B,
            Judge_B = HeldOutHeads > 0 ? first!.narrow(1, used, HeldOutHeads).mean([1]) : null,
            CostStd_B = costs?.Std_B,
            CostSplits_B = costs?.Splits_B,
        };
    }

    /// <summary>The costs alone, [B].</summary>
    public Tensor EndCosts(SequenceBatch batch)
    {
        Tensor scores = cost.EndScores(batch);
        return JoinCosts(scores)?.Score_B ?? CostsOf(scores);
    }

    /// <summary>Values of the states before each answer token, each [B, T]; null for what is not asked for. For scorers of one head.</summary>
    public (Tensor? Reward_BT, Tensor? Cost_BT) Values(SequenceBatch batch, bool wantsReward = true, bool wantsCost = true)
    {
        if (!IsJoint) return (wantsReward ? Reward.Values(batch) : null, wantsCost ? cost.Values(batch) : null);
        Tensor both_BT2 = cost.Values(batch);
        return (wantsReward ? both_BT2.select(-1, 0) : null, wantsCost ? both_BT2.select(-1, 1) : null);
    }

    private Tensor CostsOf(Tensor scores) => IsJoint ? scores.select(-1, 1) : scores;

    private EnsembleScores? JoinCosts(Tensor scores) => Join(cost.Head, scores, IsJoint ? 1 : 0, ScoreRole.Cost, cost.Head.Heads);

    private EnsembleScores? Join(ScoreHead head, Tensor scores, int output, ScoreRole role, int first) => head.Heads == 1 ? null
        : EnsembleScores.Of(scores.narrow(1, output * head.Heads, first).transpose(0, 1), Pessimism, role);
}
