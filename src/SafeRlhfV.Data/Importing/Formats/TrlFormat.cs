namespace SafeRlhfV.Data;

/// <summary>
/// TRL's rows: <c>messages</c>, or <c>prompt</c> with <c>chosen</c> and <c>rejected</c>, or with <c>completion</c> and perhaps <c>label</c>; <c>images</c> or
/// <c>image</c>. A pair without a prompt shares the longest common prefix of messages.
/// </summary>
internal static class TrlFormat
{
    private static readonly MessageReader Plain = new(marksImages: true), Messages = new(marksImages: false);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        if (row.Map.Has("completions")) throw new DroppedRowException(DropReason.PartUnknown); // steps with a label each
        ConversationBuilder builder = new(row, row.Pool("images", "image"));
        if (row.Map.Has("messages")) return builder.Conversation(Placed(builder, Messages.Read(row["messages"])));
        if (row.Map.ContainsKey("chosen") || row.Map.ContainsKey("rejected")) return Pair(row, builder);
        List<DraftMessage>? prompt = Prompt(builder, row["prompt"]);
        if (!row.Map.ContainsKey("completion")) return builder.Conversation(prompt) with { Answer = SourceLabels.Text(row["solution"]) };
        if (prompt is null or []) throw new DroppedRowException(DropReason.Empty);
        List<DraftMessage> answered = [.. prompt, .. Answer(row["completion"]) ?? [new DraftMessage(ConversationRole.Assistant)]];
        return row.Map.ContainsKey("label")
            ? builder.Rated(answered) with { Labels = new RecordLabels { Desirable = SourceLabels.Flag(row["label"]) } }
            : builder.Conversation(answered);
    }

    private static ConversationRecord Pair(ImportRow row, ConversationBuilder builder)
    {
        List<DraftMessage>? chosen = Answer(row["chosen"]), rejected = Answer(row["rejected"]);
        if (row.Map.ContainsKey("prompt")) return builder.Pair(Prompt(builder, row["prompt"]), chosen, rejected);
        if (chosen is null or [] || rejected is null or []) throw new DroppedRowException(DropReason.PairMissing);
        if (ConversationBuilder.Same(chosen, rejected)) throw new DroppedRowException(DropReason.PairIdentical);
        int shared = 0;
        while (shared < Math.Min(chosen.Count, rejected.Count) && chosen[shared].SaysSame(rejected[shared])) shared++;
        if (shared == 0 || chosen[shared - 1].Role != ConversationRole.User) throw new DroppedRowException(DropReason.PairPrompt);
        return builder.Pair(Placed(builder, chosen[..shared]), chosen[shared..], rejected[shared..]);
    }

    private static List<DraftMessage>? Prompt(ConversationBuilder builder, object? prompt)
    {
        if (prompt is not string text) return Placed(builder, Messages.Read(prompt));
        List<DraftMessage> asked = [Plain.Of(ConversationRole.User, text)];
        builder.PlaceAll(asked);
        return asked;
    }

    private static List<DraftMessage>? Answer(object? answer) =>
        answer is string text ? [Messages.Of(ConversationRole.Assistant, text)] : Messages.Read(answer);

    /// <summary>Where questions are texts, TRL puts all images before the first; parts say themselves where images stand.</summary>
    private static List<DraftMessage>? Placed(ConversationBuilder builder, List<DraftMessage>? messages)
    {
        if (messages is not null && !messages.Exists(message => message.Parts.Exists(part => part.IsImage)))
            builder.PlaceBefore(messages.Find(message => message is { Role: ConversationRole.User, IsPlain: true }));
        return messages;
    }
}
