using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Writes the answer to one request in the shape of its wire, out of nothing but what was judged.</summary>
internal interface IWireAnswer
{
    /// <summary>The request.</summary>
    ChatCall Call { get; }

    /// <summary>What a stream sends while nothing can be said yet.</summary>
    WireEvent KeepAlive { get; }

    /// <summary>The whole answer, as JSON.</summary>
    byte[] Whole(ChatResponse response);

    /// <summary>The events that begin a stream.</summary>
    IEnumerable<WireEvent> Begin();

    /// <summary>The events of one update.</summary>
    IEnumerable<WireEvent> Write(ChatResponseUpdate update);

    /// <summary>The events that end a stream.</summary>
    IEnumerable<WireEvent> End();

    /// <summary>Keeps what <see cref="Whole"/> or <see cref="End"/> has written, before it leaves. Most wires keep nothing.</summary>
    /// <exception cref="ApiException">It cannot be kept.</exception>
    ValueTask KeepAsync(CancellationToken cancellationToken) => default;

    /// <summary>The events that end a stream which has failed after its beginning.</summary>
    IEnumerable<WireEvent> Fail(ApiException error);
}
