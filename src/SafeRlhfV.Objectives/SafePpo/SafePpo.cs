using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The mathematics of one Safe PPO step (Safe RLHF-V, section 3), from what is known of a scored response to the losses of the actor and of both critics:
/// shape → GAE twice → combine → surrogate → critics. It has parts, because λ steps and the responses are shuffled into mini-batches between them:
/// <see cref="Shape"/> and <see cref="Estimate"/> look at one response, <see cref="ComputeLosses"/> at a batch of them.
/// </summary>
public static class SafePpo
{
    /// <summary>Shapes rewards and costs. Arrays have one entry a response token.</summary>
    /// <param name="logProbs">log π_old, from sampling.</param>
    /// <param name="referenceLogProbs">log π_ref.</param>
    /// <param name="reward">R(x, y).</param>
    /// <param name="cost">C(x, y).</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static ShapedResponse<T> Shape<T>(T[] logProbs, T[] referenceLogProbs, T reward, T cost, SafePpoOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T[] rewards = new T[logProbs.Length], costs = new T[logProbs.Length];
        KlShaping.Shape(logProbs, referenceLogProbs, reward, cost, options.KlCoefficient, options.ClipScore, rewards, costs);
        return new(logProbs, rewards, costs);
    }

    /// <summary>Estimates advantages and returns of each critic whose values are given; those of the other stay.</summary>
    /// <param name="shaped">The response.</param>
    /// <param name="rewardValues">V_R when the response was sampled, one a response token; null = not given.</param>
    /// <param name="costValues">V_C, likewise.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static ShapedResponse<T> Estimate<T>(ShapedResponse<T> shaped, T[]? rewardValues, T[]? costValues, SafePpoOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        return shaped with { Reward = Of(rewardValues, shaped.Rewards) ?? shaped.Reward, Cost = Of(costValues, shaped.Costs) ?? shaped.Cost };

        ValueEstimates<T>? Of(T[]? values, T[] scores)
        {
            if (values is null) return null;
            T[] advantages = new T[values.Length], returns = new T[values.Length];
            Advantages.Gae(values, scores, options.Gamma, options.GaeLambda, advantages, returns);
            return new(values, advantages, returns);
        }
    }

    /// <summary>
    /// The losses of a batch. A loss is computed where its network's present output is given: a trainer asks for the actor's first and for the critics' later,
    /// so that their graphs need not lie in memory side by side.
    /// </summary>
    /// <param name="batch">The responses.</param>
    /// <param name="lambda">The multiplier λ; without effect where rewards or costs take no part.</param>
    /// <param name="options">How.</param>
    /// <param name="logProbs_BT">log π of the sampled tokens; the actor's gradient flows here.</param>
    /// <param name="rewardValues_BT">V_R; its critic's gradient flows here.</param>
    /// <param name="costValues_BT">V_C; its critic's gradient flows here.</param>
    /// <exception cref="ArgumentException">Values of a critic are given that takes no part.</exception>
    public static SafePpoLosses ComputeLosses(
        SafePpoBatch batch, double lambda, SafePpoOptions options, Tensor? logProbs_BT = null, Tensor? rewardValues_BT = null, Tensor? costValues_BT = null)
    {
        using DisposeScope scope = NewDisposeScope();
        PolicyLoss? actor = logProbs_BT is null ? null
            : PolicyLosses.ClippedSurrogate(logProbs_BT, batch.LogProbs_BT, CombinedAdvantages(batch, lambda), batch.Mask_BT, options.ClipRange,
                options.Reduction, batch.Weights_BT);
        Tensor? reward = Critic(rewardValues_BT, batch.Reward), cost = Critic(costValues_BT, batch.Cost);
        foreach (Tensor? result in (Tensor?[])[actor?.Loss, actor?.ClipFraction, actor?.ApproximateKl, reward, cost]) result?.MoveToOuterDisposeScope();
        return new(actor, reward, cost);

        Tensor? Critic(Tensor? values_BT, ValueTargets? old) => values_BT is null ? null
            : old is null ? throw new ArgumentException("Values are given of a critic that takes no part in this batch.")
            : ValueLosses.ClippedCritic(values_BT, old.Values_BT, old.Returns_BT, batch.Mask_BT, options.ClipValue, options.Reduction);
    }

    /// <summary>(A^R - λ A^C) / (1 + λ); A^R alone (PPO-H) or -A^C alone (PPO-S) where the other takes no part. [B, T].</summary>
    public static Tensor CombinedAdvantages(SafePpoBatch batch, double lambda) => (batch.Reward, batch.Cost) switch
    {
        ({ } reward, { } cost) => Advantages.Combine(reward.Advantages_BT, cost.Advantages_BT, lambda),
        ({ } reward, null) => reward.Advantages_BT,
        (null, { } cost) => cost.Advantages_BT.neg(),
        _ => throw new ArgumentException("Neither rewards nor costs take part in this batch."),
    };
}
