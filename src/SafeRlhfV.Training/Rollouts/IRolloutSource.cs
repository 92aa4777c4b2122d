using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Something that samples responses from the actor in place of the trainer itself.</summary>
public interface IRolloutSource
{
    /// <summary>The bounds of importance weights.</summary>
    ImportanceOptions Weights { get; }

    /// <summary>Samples a response to each prompt, in the prompts' order, from the actor as it is now.</summary>
    /// <param name="prompts">The prompts of the round, with their rows.</param>
    /// <param name="round">Rounds done before this one.</param>
    /// <param name="draw">Draws of this round before this one; the actor is the same in all of them.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ServiceException">No response can be had, or what came back is not what the actor would say.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Rollout> Sample(IReadOnlyList<EncodedSample> prompts, long round, int draw, CancellationToken cancellationToken);
}
