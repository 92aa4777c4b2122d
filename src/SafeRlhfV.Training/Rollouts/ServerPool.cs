namespace SafeRlhfV.Training;

/// <summary>
/// Servers that serve the same. Calls go to the one that has the fewest under way; one that is gone, asleep or ill is left out until the next round, and its
/// calls go to the others.
/// </summary>
internal sealed class ServerPool : IDisposable
{
    private readonly ServerEndpoint[] endpoints;
    private readonly ServiceRetry retry;
    private readonly int concurrency;
    private readonly Action<string> tell;
    private readonly string key;
    private readonly Lock gate = new();

    /// <summary>Opens nothing yet.</summary>
    /// <param name="endpoints">The servers; they are disposed of with the pool.</param>
    /// <param name="retry">How often and after what waits a call is sent again.</param>
    /// <param name="concurrency">Calls that one server gets at a time.</param>
    /// <param name="tell">Hears of servers that are left out.</param>
    /// <param name="key">The recipe's section that names the servers.</param>
    public ServerPool(IReadOnlyList<ServerEndpoint> endpoints, ServiceRetry retry, int concurrency, Action<string> tell, string key) =>
        (this.endpoints, this.retry, this.concurrency, this.tell, this.key) = ([.. endpoints], retry, concurrency, tell, key);

    /// <summary>All servers.</summary>
    public IReadOnlyList<ServerEndpoint> All => endpoints;

    /// <summary>The servers that are asked.</summary>
    public IReadOnlyList<ServerEndpoint> Up => [.. endpoints.Where(endpoint => endpoint.Down is null)];

    /// <summary>One server by itself; it is not to be disposed of.</summary>
    public ServerPool Only(ServerEndpoint endpoint) => new([endpoint], retry, concurrency, tell, key);

    /// <summary>
    /// A new round: servers that were left out are asked again by and by, for one may have been started anew; all at once where none else is left.
    /// </summary>
    public void Revive()
    {
        foreach (ServerEndpoint endpoint in endpoints) endpoint.Revive(atOnce: false);
        if (Up.Count == 0) foreach (ServerEndpoint endpoint in endpoints) endpoint.Revive(atOnce: true);
    }

    /// <summary>Leaves a server out until <see cref="Revive"/>.</summary>
    public void LeaveOut(ServerEndpoint endpoint, string why)
    {
        lock (gate)
        {
            if (endpoint.Down is not null) return;
            endpoint.LeaveOut(why);
            tell($"{endpoint.Address} is left out of this round: {why}.");
        }
    }

    /// <summary>The error where no server is left.</summary>
    public ServiceException NoneLeft() => new(
        $"{key}.endpoints: no server is left: {string.Join("; ", endpoints
            .Select(endpoint => $"{endpoint.Address}: {endpoint.Down?.TrimEnd('.') ?? "is up"}"))}. "
        + "Mend or start them, then resume: the finished rounds are saved.");

    /// <summary>Sends calls that any server can answer, many at a time.</summary>
    /// <exception cref="ServiceException">As of the other one.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<T[]> AskAllAsync<T>(IReadOnlyList<ServerCall> calls, Func<int, ServerReply, T> read, CancellationToken cancellationToken) =>
        AskAllAsync(calls.Count, i => calls[i], read, cancellationToken);

    /// <summary>Sends calls that are written when their turn comes: images make them large.</summary>
    /// <param name="count">How many calls.</param>
    /// <param name="call">Writes one.</param>
    /// <param name="read">Reads the reply to one.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The results in the calls' order, whatever the order in which they came.</returns>
    /// <exception cref="ServiceException">A call was refused, no server is left, or <paramref name="read"/> refused a reply.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<T[]> AskAllAsync<T>(int count, Func<int, ServerCall> call, Func<int, ServerReply, T> read, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using SemaphoreSlim places = new(concurrency * Math.Max(1, Up.Count));
        Task<T>[] tasks = [.. Enumerable.Range(0, count).Select(Enter)];
        try
        {
            return await Task.WhenAll(tasks).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested
            || tasks.FirstOrDefault(task => task.IsFaulted) is { Exception.InnerException: { } })
        {
            cancellationToken.ThrowIfCancellationRequested(); // whatever the calls failed with
            Exception first = tasks.First(task => task.IsFaulted).Exception!.InnerException!; // not the cancellation of the others that followed from it
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
            throw;
        }

        async Task<T> Enter(int i)
        {
            await places.WaitAsync(stop.Token).ConfigureAwait(false);
            try
            {
                return await AskAsync(call(i), reply => read(i, reply), stop.Token).ConfigureAwait(false);
            }
            catch
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                places.Release();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ServerEndpoint endpoint in endpoints) endpoint.Dispose();
    }

    private async Task<T> AskAsync<T>(ServerCall call, Func<ServerReply, T> read, CancellationToken cancellationToken)
    {
        ServerEndpoint? last = null;
        (T? result, ServiceFault? fault, int attempts) = await retry.RunAsync<T>(async _ =>
        {
            last = Choose(last) ?? throw NoneLeft();
            (T? one, ServiceFault? wrong) = await last.TryAsync(call, read, cancellationToken).ConfigureAwait(false);
            return (one, wrong is null ? null : await JudgeAsync(last, wrong, cancellationToken).ConfigureAwait(false));
        }, TimeProvider.System, null, cancellationToken).ConfigureAwait(false);
        if (fault is null) return result!;
        if (fault.MayRetry)
        {
            LeaveOut(last!, $"{fault.What.TrimEnd('.')} ({attempts} attempts)");
            return await AskAsync(call, read, cancellationToken).ConfigureAwait(false); // of the others, as long as there is one
        }
        throw new ServiceException($"{last!.Address}{call.Path}: {fault.What.TrimEnd('.')}; look at the server, then resume.");
    }

    // after a failure another one, where there is one
    private ServerEndpoint? Choose(ServerEndpoint? failed)
    {
        lock (gate) return Up.OrderBy(endpoint => endpoint == failed).ThenBy(endpoint => endpoint.InFlight).FirstOrDefault();
    }

    /// <summary>Leaves a server out that cannot answer any call; the call itself may go to another one.</summary>
    private async Task<ServiceFault> JudgeAsync(ServerEndpoint endpoint, ServiceFault fault, CancellationToken cancellationToken)
    {
        // asleep: every call hangs, and it says that it is well
        bool isLost = fault.Kind is "unreachable" or "timeout" or "denied"
            || (fault.Kind is "cut_off" or "server_error" or "garbled" && !await endpoint.IsWellAsync(cancellationToken).ConfigureAwait(false));
        if (!isLost) return fault;
        LeaveOut(endpoint, fault.What);
        return fault with { MayRetry = true, IsFatal = false, RetryAfter = TimeSpan.Zero };
    }
}
