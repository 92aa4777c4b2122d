namespace SafeRlhfV.Processing;

/// <summary>
/// LLaVA-OneVision: `&lt;|im_start|&gt;role`, a blank, the images, then a line break before every text, `&lt;|im_end|&gt;`, and nothing between turns. The
/// generation prompt has no blank, so a prompt is not how the conversation goes on once the answer is there.
/// </summary>
public sealed class OneVisionChatFormat : ChatFormat
{
    /// <inheritdoc/>
    public override string ImageToken => "<image>";

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
            list.Format($"<|im_start|>{RoleName(turn.Role)} ");
            foreach (ImagePart image in turn.Parts.OfType<ImagePart>()) list.Image(image);
            foreach (TextPart text in turn.Parts.OfType<TextPart>())
            {
                list.Format("\n");
                list.Text(turn.Role, text.Text);
            }
            list.Format("<|im_end|>");
        }
        if (addGenerationPrompt) list.Format("<|im_start|>assistant\n");
        return list.Finish();
    }
}
