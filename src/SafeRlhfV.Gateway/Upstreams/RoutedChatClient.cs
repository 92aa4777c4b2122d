using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Asks upstreams in their order: the next one where one fails before anything of its answer has passed.</summary>
internal sealed class RoutedChatClient(IReadOnlyList<IChatClient> upstreams, UpstreamLog log) : IChatClient
{
    /// <summary>Whether at least one upstream is neither being left alone nor out of reach.</summary>
    public bool IsAvailable => upstreams.Any(upstream => upstream is not UpstreamChatClient { IsBroken: true });

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ChatMessage[] asked = [.. messages];
        for (int i = 0; ; i++)
        {
            try
            {
                ChatResponse response = await upstreams[i].GetResponseAsync(asked, options, cancellationToken);
                Answers(i, options, response.ModelId);
                TokenCount count = new(asked);
                foreach (ChatMessage message in response.Messages) count.Add(message.Contents);
                ChatCall.Of(options, this).Tokens += response.Usage?.TotalTokenCount ?? count.Total;
                return response;
            }
            catch (UpstreamException error) when (Tell(upstreams[i], error) && error.MayFallBack && i < upstreams.Count - 1)
            {
                // the next one
            }
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatMessage[] asked = [.. messages];
        bool begun = false;
        for (int i = 0; ; i++)
        {
            using TokenCount count = new(asked, ChatCall.Of(options, this)); // charged when the stream ends, or is left
            await using IAsyncEnumerator<ChatResponseUpdate> updates = upstreams[i].GetStreamingResponseAsync(asked, options, cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await updates.MoveNextAsync()) yield break;
                }
                catch (UpstreamException error) when (Tell(upstreams[i], error) && error.MayFallBack && !begun && i < upstreams.Count - 1)
                {
                    break;
                }
                if (!begun) Answers(i, options, updates.Current.ModelId);
                begun = true;
                count.Add(updates.Current.Contents);
                yield return updates.Current;
            }
        }
    }

    private void Answers(int upstream, ChatOptions? options, string? model)
    {
        ChatCall call = ChatCall.Of(options, this);
        call.Upstream = Name(upstreams[upstream]);
        call.UpstreamModel = model ?? (upstreams[upstream] as UpstreamChatClient)?.Model ?? call.Model;
    }

    private static string Name(IChatClient upstream) => (upstream as UpstreamChatClient)?.Name ?? "local";

    private bool Tell(IChatClient upstream, UpstreamException error)
    {
        log.Tell(Name(upstream), error);
        return true;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        foreach (IChatClient upstream in upstreams) upstream.Dispose();
    }
}
