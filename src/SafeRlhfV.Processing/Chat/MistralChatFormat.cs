namespace SafeRlhfV.Processing;

/// <summary>
/// LLaVA-NeXT on Mistral: `[INST] &lt;image&gt;\nquestion [/INST]`. The generation prompt adds nothing. Of system and assistant turns only the first part
/// counts, and it must be text.
/// </summary>
/// <param name="answerEnd">What follows an answer inside a conversation. Revisions of the template differ in it.</param>
public sealed class MistralChatFormat(string answerEnd = MistralChatFormat.UsualAnswerEnd) : ChatFormat
{
    /// <summary>The end of an answer in the published template.</summary>
    public const string UsualAnswerEnd = "</s> ";

    /// <summary>Ends of an answer in the template's revisions: as published, mistyped in an earlier one that models were used with, without a blank.</summary>
    internal static IReadOnlyList<string> AnswerEnds { get; } = [UsualAnswerEnd, @"<\s> ", "</s>"];

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
            if (role == ChatRole.User)
            {
                list.Format("[INST] ");
                foreach (ImagePart part in parts.OfType<ImagePart>())
                {
                    list.Image(part);
                    list.Format("\n");
                }
                foreach (TextPart part in parts.OfType<TextPart>()) list.Text(role, part.Text);
                list.Format(" [/INST]");
                continue;
            }
            if (parts is not [TextPart first, ..])
                throw new InvalidInputException("Chat: the first content item of a system or assistant message must be text in LLaVA-NeXT's Mistral format.");
            list.Format(role == ChatRole.System ? "<<SYS>>\n" : " ");
            list.Text(role, first.Text);
            list.Format(role == ChatRole.System ? "\n<</SYS>>\n\n" : answerEnd);
        }
        return list.Finish();
    }
}
