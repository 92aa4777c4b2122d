namespace SafeRlhfV.Training;

/// <summary>Something that samples responses from the actor in place of the trainer itself.</summary>
public interface IRolloutSource
{
    /// <summary>Above this, an importance weight is cut.</summary>
    double WeightCap { get; }

    /// <summary>Samples a response to each prompt, in the prompts' order, from the actor as it is now.</summary>
    /// <param name="prompts">The prompts of the round, with their rows.</param>
    /// <param name="round">Rounds done before this one.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ServiceException">No response can be had, or what came back is not what the actor would say.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Rollout> Sample(IReadOnlyList<EncodedSample> prompts, long round, CancellationToken cancellationToken);
}
