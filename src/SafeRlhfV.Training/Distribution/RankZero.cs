namespace SafeRlhfV.Training;

/// <summary>What rank 0 asks of servers, for all ranks.</summary>
internal static class RankZero
{
    /// <summary>The answer, on all ranks. An error or a stop is everybody's, so that all are at one place.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="what">What is exchanged.</param>
    /// <param name="ask">Asks; called on rank 0 alone.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ServiceException">Rank 0 could not get it.</exception>
    /// <exception cref="InvalidInputException">Nor could it ask for it, or keep it.</exception>
    /// <exception cref="OperationCanceledException">Rank 0 was told to stop.</exception>
    public static T Ask<T>(Ranks ranks, string what, Func<T> ask, CancellationToken cancellationToken) where T : class
    {
        Received<T> received = ranks.First(what, Receive);
        if (received.Error is { } error) throw received.IsService ? new ServiceException(error) : new InvalidInputException(error);
        if (received.Answer is { } answer) return answer;
        if (!ranks.IsAlone) ranks.StopTogether();
        throw new OperationCanceledException(cancellationToken);

        Received<T> Receive()
        {
            try
            {
                return new(ask(), null);
            }
            catch (OperationCanceledException)
            {
                return new(null, null);
            }
            catch (Exception error) when (error is ServiceException or InvalidInputException && !ranks.IsAlone)
            {
                return new(null, error.Message, error is ServiceException);
            }
        }
    }

    /// <summary>What rank 0 got: an answer, or an error, or neither where it was told to stop.</summary>
    private sealed record Received<T>(T? Answer, string? Error, bool IsService = false);
}
