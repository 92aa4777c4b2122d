namespace SafeRlhfV.Inference;

/// <summary>
/// Lets one caller at a time use a model. The work runs whole on one thread of the pool, without an await inside: torch's scopes and its no-gradient mode
/// belong to a thread.
/// </summary>
internal sealed class ModelGate : IDisposable
{
    private readonly SemaphoreSlim one = new(1, 1);
    private bool closed;

    /// <summary>Runs work when the model is free.</summary>
    /// <exception cref="ObjectDisposedException">The model was given back.</exception>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return await Task.Run(work, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Waits for the work under way; nothing runs after it.</summary>
    public void Dispose()
    {
        one.Wait();
        closed = true;
        one.Release();
    }
}
