using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Answers in the shape of Chat Completions.</summary>
internal sealed class ChatAnswer(ChatCall call) : IWireAnswer
{
    private readonly ChunkWriter chunks = new(call);
    private UsageDetails? usage;

    public ChatCall Call => call;

    public WireEvent KeepAlive => WireEvent.Comment;

    public JsonObject Whole(ChatResponse response) => CompletionWriter.Whole(response, call);

    public IEnumerable<WireEvent> Begin() => [];

    public IEnumerable<WireEvent> Write(ChatResponseUpdate update)
    {
        usage = update.Contents.OfType<UsageContent>().LastOrDefault()?.Details ?? usage;
        return chunks.Write(update).Select(chunk => new WireEvent(null, chunk));
    }

    public IEnumerable<WireEvent> End()
    {
        if (call.WantsUsage && usage is not null) yield return new(null, chunks.UsageChunk(usage));
        yield return WireEvent.Done;
    }

    public IEnumerable<WireEvent> Fail(ApiException error) => [new(null, error.ToJson())];
}
