namespace SafeRlhfV.Processing;

/// <summary>
/// Qwen2-VL and Qwen2.5-VL. A conversation that does not begin with a system turn gets the default one; later system turns stay where they are.
/// </summary>
/// <param name="defaultSystem">The default system message; null = none.</param>
public sealed class Qwen2ChatFormat(string? defaultSystem = Qwen2ChatFormat.UsualSystem) : QwenChatFormat
{
    /// <summary>The published templates' default system message.</summary>
    public const string UsualSystem = "You are a helpful assistant.";

    /// <inheritdoc/>
    public override IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false)
    {
        ChatSegmentList list = new(ImageToken);
        int images = 0;
        if (defaultSystem is not null && turns is [{ Role: not ChatRole.System }, ..])
        {
            Begin(list, ChatRole.System);
            list.Format(defaultSystem);
            End(list);
        }
        foreach (ChatTurn turn in turns)
        {
            Begin(list, turn.Role);
            Parts(list, turn, withImages: true, addVisionId, ref images);
            End(list);
        }
        if (addGenerationPrompt) Begin(list, ChatRole.Assistant);
        return list.Finish();
    }
}
