namespace SafeRlhfV.Core;

/// <summary>How often and after what waits a failed call to a service is tried again. Everyone who calls services uses this.</summary>
public sealed record ServiceRetry
{
    /// <summary>How often a call that failed is tried again.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>How often where no connection can be made at all; as often as other failures where null.</summary>
    public int? UnreachableRetries { get; init; }

    /// <summary>The wait before the first retry; it doubles with each further one, and a random part of up to one half is taken off.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait before a retry, unless the service asks for a longer one (Retry-After).</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Calls until it succeeds, cannot succeed, or has been tried often enough.</summary>
    /// <param name="attempt">One attempt, by its number from 1: a result, or what went wrong (both where a failed reply is worth keeping).</param>
    /// <param name="clock">Measures the waits.</param>
    /// <param name="onWait">Told of every wait before it begins; null for silence.</param>
    /// <param name="cancellationToken">Ends the waits.</param>
    /// <returns>The last attempt's result and fault (null where it succeeded), and the number of attempts.</returns>
    public async Task<(T? Result, ServiceFault? Fault, int Attempts)> RunAsync<T>(Func<int, Task<(T? Result, ServiceFault? Fault)>> attempt, TimeProvider clock,
        Action<ServiceFault, TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        for (int number = 1; ; number++)
        {
            (T? result, ServiceFault? fault) = await attempt(number).ConfigureAwait(false);
            if (fault is not { MayRetry: true } || number > (fault.Kind == "unreachable" ? UnreachableRetries ?? Retries : Retries))
                return (result, fault, number);
            TimeSpan wait = fault.RetryAfter ?? Backoff(number);
            onWait?.Invoke(fault, wait);
            await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private TimeSpan Backoff(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(Longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, attempt - 1)) * (0.5
            + Random.Shared.NextDouble() / 2));
}
