using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SafeRlhfV.Models;

/// <summary>
/// Turns work that reports as it goes into an asynchronous sequence. The work runs on a thread of the pool and stops when the caller stops listening.
/// </summary>
internal static class BackgroundStream
{
    public static async IAsyncEnumerable<T> Run<T>(Action<Action<T>, CancellationToken> work, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<T> channel = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task running = Task.Run(
            () =>
            {
                Exception? failure = null;
                try
                {
                    work(item => channel.Writer.TryWrite(item), stop.Token);
                }
                catch (Exception error)
                {
                    failure = error;
                }
                channel.Writer.Complete(failure);
            },
            CancellationToken.None);
        try
        {
            await foreach (T item in channel.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false)) yield return item;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(false); // the tensors that the caller gave must not be in use when it goes on
        }
    }
}
