using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>The messages of rows' prompts. A row's images are decoded and encoded once, however many responses it has.</summary>
internal sealed class SentMessages
{
    private readonly Dictionary<ConversationRecord, IReadOnlyList<ServerMessage>> known = new(ReferenceEqualityComparer.Instance);

    /// <summary>The messages of a row's prompt.</summary>
    public IReadOnlyList<ServerMessage> Of(ConversationRecord row)
    {
        if (!known.TryGetValue(row, out IReadOnlyList<ServerMessage>? messages)) known.Add(row, messages = ServerMessage.Of(row));
        return messages;
    }
}
