namespace SafeRlhfV.Processing;

/// <summary>
/// InternVL3 and InternVL3.5 as converted for transformers: `&lt;|im_start|&gt;role\n...&lt;|im_end|&gt;\n` around each turn, parts in their order, a line
/// break after every image, and no default system turn.
/// </summary>
public sealed class InternVlChatFormat : ChatFormat
{
    /// <inheritdoc/>
    public override string ImageToken => "<IMG_CONTEXT>";

    /// <inheritdoc/>
    public override string BeforeAnswer => "";

    /// <inheritdoc/>
    public override string EndOfAnswer => "<|im_end|>";

    /// <inheritdoc/>
    public override IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false)
    {
        ArgumentNullException.ThrowIfNull(turns);
        ChatSegmentList list = new(ImageToken);
        foreach (ChatTurn turn in turns)
        {
            list.Format($"<|im_start|>{RoleName(turn.Role)}\n");
            foreach (ChatPart part in turn.Parts)
                if (part is TextPart text) list.Text(turn.Role, text.Text);
                else if (part is ImagePart image)
                {
                    list.Image(image);
                    list.Format("\n");
                }
            list.Format("<|im_end|>\n");
        }
        if (addGenerationPrompt) list.Format("<|im_start|>assistant\n");
        return list.Finish();
    }
}
