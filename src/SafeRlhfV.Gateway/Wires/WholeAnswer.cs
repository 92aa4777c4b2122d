using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>An answer that is never streamed.</summary>
internal abstract class WholeAnswer(ChatCall call) : IWireAnswer
{
    public ChatCall Call => call;

    public WireEvent KeepAlive => throw new NotSupportedException();

    public abstract byte[] Whole(ChatResponse response);

    public IEnumerable<WireEvent> Begin() => throw new NotSupportedException();

    public IEnumerable<WireEvent> Write(ChatResponseUpdate update) => throw new NotSupportedException();

    public IEnumerable<WireEvent> End() => throw new NotSupportedException();

    public IEnumerable<WireEvent> Fail(ApiException error) => throw new NotSupportedException();
}
