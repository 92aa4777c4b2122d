using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Answers in the shape of Chat Completions.</summary>
internal sealed class ChatAnswer(ChatCall call) : IWireAnswer
{
    private readonly ChunkWriter chunks = new(call);
    private UsageDetails? usage;
    private GuardReport? report;

    public ChatCall Call => call;

    public WireEvent KeepAlive => WireEvent.Comment;

    public byte[] Whole(ChatResponse response)
    {
        JsonObject body = CompletionWriter.Whole(response, call);
        report = response.GetGuardReport();
        if (Moderation() is { } verdicts) body["moderation"] = verdicts;
        return JsonReply.Render(body);
    }

    public IEnumerable<WireEvent> Begin() => [];

    public IEnumerable<WireEvent> Write(ChatResponseUpdate update)
    {
        usage = update.Contents.OfType<UsageContent>().LastOrDefault()?.Details ?? usage;
        report = update.GetGuardReport() ?? report;
        return chunks.Write(update).Select(chunk => new WireEvent(null, chunk));
    }

    public IEnumerable<WireEvent> End()
    {
        if (Moderation() is { } verdicts) yield return new(null, chunks.Beside("moderation", verdicts));
        if (call.WantsUsage && usage is not null) yield return new(null, chunks.Beside("usage", UsageJson.Write(usage)));
        yield return WireEvent.Done;
    }

    public IEnumerable<WireEvent> Fail(ApiException error) => [new(null, error.ToJson())];

    private JsonObject? Moderation() => call.Moderation is null || report is null ? null : ModerationJson.Member(report, asList: true);
}
