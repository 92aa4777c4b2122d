using System.Text;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The price of one draft in tokens: what the upstream says, else an estimate of a token for each four bytes of UTF-8, so that neither an upstream that counts
/// nothing nor a caller who leaves early goes free. Nothing came, nothing is charged.
/// </summary>
/// <param name="asked">The prompt.</param>
/// <param name="call">The call that is charged when this is disposed; null for none.</param>
internal sealed class TokenCount(IReadOnlyList<ChatMessage> asked, ChatCall? call = null) : IDisposable
{
    private const int BytesPerToken = 4;
    private long? reported;
    private long bytes;
    private bool hasBegun;

    public long Total => !hasBegun ? 0 : reported ?? (asked.Sum(message => Bytes(message.Contents)) + bytes + BytesPerToken - 1) / BytesPerToken;

    public void Add(IEnumerable<AIContent> contents)
    {
        hasBegun = true;
        foreach (AIContent content in contents)
            if (content is UsageContent usage) reported = usage.Details.TotalTokenCount ?? reported;
            else bytes += Bytes(content);
    }

    public void Dispose()
    {
        if (call is not null) call.Tokens += Total;
    }

    private static long Bytes(IEnumerable<AIContent> contents) => contents.Sum(Bytes);

    private static long Bytes(AIContent content) => content switch
    {
        TextContent text => Encoding.UTF8.GetByteCount(text.Text),
        TextReasoningContent reasoning => Encoding.UTF8.GetByteCount(reasoning.Text),
        ErrorContent error => Encoding.UTF8.GetByteCount(error.Message),
        FunctionCallContent call => Encoding.UTF8.GetByteCount(ToolCall.Of(call).Arguments),
        FunctionResultContent { Result: IEnumerable<AIContent> parts } => Bytes(parts),
        _ => 0,
    };
}
