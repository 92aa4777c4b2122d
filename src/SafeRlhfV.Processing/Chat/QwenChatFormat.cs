namespace SafeRlhfV.Processing;

/// <summary>
/// What the Qwen-VL formats share: `&lt;|im_start|&gt;role\n...&lt;|im_end|&gt;\n` around each turn, parts in their order, images between vision tokens.
/// </summary>
public abstract class QwenChatFormat : ChatFormat
{
    private protected QwenChatFormat() { }

    /// <inheritdoc/>
    public override string ImageToken => "<|image_pad|>";

    /// <inheritdoc/>
    public override string BeforeAnswer => "";

    /// <inheritdoc/>
    public override string EndOfAnswer => "<|im_end|>";

    private protected static void Begin(ChatSegmentList list, ChatRole role) => list.Format($"<|im_start|>{RoleName(role)}\n");

    private protected static void End(ChatSegmentList list) => list.Format("<|im_end|>\n");

    /// <summary>Writes a turn's parts; <paramref name="images"/> counts images over the whole conversation.</summary>
    private protected static void Parts(ChatSegmentList list, ChatTurn turn, bool withImages, bool addVisionId, ref int images)
    {
        foreach (ChatPart part in turn.Parts)
            if (part is TextPart text) list.Text(turn.Role, text.Text);
            else if (withImages && part is ImagePart image)
            {
                images++;
                if (addVisionId) list.Format($"Picture {images}: ");
                list.Format("<|vision_start|>");
                list.Image(image);
                list.Format("<|vision_end|>");
            }
    }
}
