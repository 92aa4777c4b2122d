namespace SafeRlhfV.Training;

/// <summary>Something that scores responses in place of the trainer's own RM-V and CM-V.</summary>
public interface IScoreSource
{
    /// <summary>Called before a round is sampled, so that what is wrong with the source is found before work is spent.</summary>
    /// <param name="round">Rounds done before this one.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">Its scores are not those of our own models.</exception>
    /// <exception cref="ServiceException">No score can be had.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    void Prepare(long round, CancellationToken cancellationToken);

    /// <summary>Scores responses.</summary>
    /// <param name="samples">Prompts with responses and their rows.</param>
    /// <param name="round">Rounds done before this one.</param>
    /// <param name="draw">Draws of this round before this one.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The scores in the samples' order.</returns>
    /// <exception cref="InvalidInputException">As of <see cref="Prepare"/>.</exception>
    /// <exception cref="ServiceException">No score can be had, or what came back is none.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<ResponseScore> Score(IReadOnlyList<EncodedSample> samples, long round, int draw, CancellationToken cancellationToken);
}
