namespace SafeRlhfV.Processing;

/// <summary>
/// LLaVA-1.5 and LLaVA-NeXT on Vicuna: `USER: &lt;image&gt;\nquestion ASSISTANT:`. Images come before the texts, each followed by a line break; each text is
/// followed by a blank; a system text has no role name, and there is none by default. The tokenizer puts the begin token, the trainer the end token.
/// </summary>
public sealed class VicunaChatFormat : ChatFormat
{
    /// <inheritdoc/>
    public override string ImageToken => "<image>";

    /// <inheritdoc/>
    public override string BeforeAnswer => " ";

    /// <inheritdoc/>
    public override IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false)
    {
        ChatSegmentList list = new(ImageToken);
        foreach ((ChatRole role, IReadOnlyList<ChatPart> parts) in turns)
        {
            if (role == ChatRole.User) list.Format("USER: ");
            if (role == ChatRole.Assistant) list.Format("ASSISTANT: ");
            foreach (ImagePart part in parts.OfType<ImagePart>())
            {
                list.Image(part);
                list.Format("\n");
            }
            foreach (TextPart part in parts.OfType<TextPart>())
            {
                list.Text(role, part.Text);
                list.Format(" ");
            }
        }
        if (addGenerationPrompt) list.Format("ASSISTANT:");
        return list.Finish();
    }
}
