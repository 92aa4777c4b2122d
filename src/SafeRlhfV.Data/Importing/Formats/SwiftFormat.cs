using System.Globalization;

namespace SafeRlhfV.Data;

/// <summary>
/// ms-swift's rows: <c>messages</c> (or <c>query</c>, <c>response</c>, <c>history</c>, or <c>conversation</c>), <c>images</c>, <c>rejected_response</c> or
/// <c>rejected_messages</c> with <c>rejected_images</c>, <c>label</c>, <c>margin</c>, <c>solution</c>. Places for images that are not marked come first.
/// </summary>
internal static class SwiftFormat
{
    private static readonly MessageReader Messages = new(marksImages: true);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        List<DraftMessage>? messages = SharegptFormat.WithSystem(Conversation(row), row["system"]);
        if (row.Map.Has("objects")) row.Repairs.Add("objects-ignored");
        ConversationBuilder builder = new(row, row.Pool("images", "image"));
        if (messages is not null) builder.PlaceMissing(messages);
        bool isPair = row.Map.ContainsKey("rejected_response") || row.Map.ContainsKey("rejected_messages") || row.Map.ContainsKey("rejected_images");
        if (isPair) return Pair(row, builder, messages);
        if (row.Map.ContainsKey("label")) return builder.Rated(messages) with { Labels = new RecordLabels { Desirable = SourceLabels.Flag(row["label"]) } };
        return builder.Conversation(messages) with { Answer = SourceLabels.Text(row["solution"]) };
    }

    private static List<DraftMessage>? Conversation(ImportRow row)
    {
        if (row.Map.Get("messages", "conversations") is { } messages) return Messages.Read(messages);
        if (row["conversation"] is List<object?> turns)
            return [.. turns.OfType<SourceMap>().SelectMany(turn => Turn(Messages, turn.Get("human"), turn.Get("assistant")))];
        if (!row.Map.Has("query") && !row.Map.Has("response")) return null;
        List<DraftMessage> asked = History(Messages, row["history"]);
        asked.Add(Messages.Of(ConversationRole.User, row["query"]));
        if (row.Map.ContainsKey("response")) asked.Add(Messages.Of(ConversationRole.Assistant, row["response"]));
        return asked;
    }

    /// <summary>Earlier turns as lists of a question and an answer.</summary>
    public static List<DraftMessage> History(MessageReader reader, object? history) => history is not List<object?> turns ? [] :
    [
        .. turns.SelectMany(turn => turn is List<object?> { Count: 2 } both ? Turn(reader, both[0], both[1]) : throw new DroppedRowException(DropReason.Roles)),
    ];

    private static DraftMessage[] Turn(MessageReader reader, object? question, object? answer) =>
        [reader.Of(ConversationRole.User, question), reader.Of(ConversationRole.Assistant, answer)];

    private static ConversationRecord Pair(ImportRow row, ConversationBuilder builder, List<DraftMessage>? messages)
    {
        if (messages is null) throw new DroppedRowException(DropReason.Empty);
        int question = messages.FindLastIndex(message => message.Role == ConversationRole.User);
        if (question < 0) throw new DroppedRowException(DropReason.Roles);
        List<DraftMessage> prompt = messages[..(question + 1)], chosen = messages[(question + 1)..];
        List<DraftMessage>? rejected;
        if (row["rejected_messages"] is { } other)
        {
            rejected = SharegptFormat.WithSystem(Messages.Read(other), row["system"]) ?? [];
            new ConversationBuilder(row, row.Pool("rejected_images")).PlaceMissing(rejected);
            CheckImages(row); // these messages need the images again
            if (rejected.Count <= prompt.Count || !ConversationBuilder.Same(prompt, rejected[..prompt.Count]))
                throw new DroppedRowException(DropReason.PairPrompt);
            rejected = rejected[prompt.Count..];
        }
        else
        {
            if (row.Map.Has("rejected_images")) CheckImages(row);
            rejected = row["rejected_response"] is string text ? [Messages.Of(ConversationRole.Assistant, text)] : Messages.Read(row["rejected_response"]);
        }
        ConversationRecord record = builder.Pair(prompt, chosen, rejected);
        return row["margin"] is double or long ? record with { Margin = Convert.ToDouble(row["margin"], CultureInfo.InvariantCulture) } : record;
    }

    private static void CheckImages(ImportRow row)
    {
        IReadOnlyList<object?> shared = row.Pool("images", "image"), again = row.Pool("rejected_images");
        bool AreEqual(object? one, object? other) => row.Images.Load(one).Bytes.AsSpan().SequenceEqual(row.Images.Load(other).Bytes);
        if (shared.Count != again.Count || !shared.Zip(again, AreEqual).All(equal => equal)) throw new DroppedRowException(DropReason.PairImages);
    }
}
