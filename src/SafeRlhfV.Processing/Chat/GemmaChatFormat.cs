namespace SafeRlhfV.Processing;

/// <summary>
/// Gemma 3: `&lt;bos&gt;`, then turns `&lt;start_of_turn&gt;role`, a line break, the parts without anything between them, `&lt;end_of_turn&gt;` and a line
/// break. The assistant is `model`. A system message stands in the first user's turn. Texts are trimmed as Python trims, the system message is not.
/// </summary>
public sealed class GemmaChatFormat : ChatFormat
{
    /// <inheritdoc/>
    public override string ImageToken => "<start_of_image>";

    /// <inheritdoc/>
    public override string BeforeAnswer => "";

    /// <inheritdoc/>
    public override string EndOfAnswer => "<end_of_turn>";

    /// <inheritdoc/>
    public override string BeginToken => "<bos>";

    /// <inheritdoc/>
    public override IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false)
    {
        ArgumentNullException.ThrowIfNull(turns);
        if (turns.Count == 0) throw new InvalidInputException("Chat: there are no turns.");
        string? system = turns[0].Role == ChatRole.System ? SystemText(turns[0]) : null;
        ChatSegmentList list = new(ImageToken);
        list.Format(BeginToken);
        foreach ((int at, ChatTurn turn) in turns.Skip(system is null ? 0 : 1).Index())
        {
            if (at % 2 == 0 != (turn.Role == ChatRole.User)) throw new InvalidInputException("Chat: roles must alternate user/assistant/user/assistant/...");
            list.Format($"<start_of_turn>{turn.Role switch { ChatRole.System => "system", ChatRole.User => "user", _ => "model" }}\n");
            if (at == 0 && system is not null)
            {
                list.Text(ChatRole.System, system);
                list.Format("\n\n");
            }
            foreach (ChatPart part in turn.Parts)
            {
                if (part is ImagePart image) list.Image(image);
                else if (part is TextPart text) list.Text(turn.Role, StringMethods.Strip(text.Text, null, true, true));
            }
            list.Format("<end_of_turn>\n");
        }
        if (addGenerationPrompt) list.Format("<start_of_turn>model\n");
        return list.Finish();
    }

    private static string SystemText(ChatTurn turn) => turn.Parts is [TextPart first, ..] ? first.Text
        : throw new InvalidInputException("Chat: the first part of the system message must be text.");
}
