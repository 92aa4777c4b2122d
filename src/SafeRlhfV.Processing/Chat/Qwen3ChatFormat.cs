namespace SafeRlhfV.Processing;

/// <summary>Qwen3-VL. No default system message; system turns but the first leave no trace, nor do images outside users' turns.</summary>
public sealed class Qwen3ChatFormat : QwenChatFormat
{
    /// <inheritdoc/>
    public override IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false)
    {
        ChatSegmentList list = new(ImageToken);
        int images = 0;
        foreach ((int index, ChatTurn turn) in turns.Index())
        {
            if (turn.Role == ChatRole.System && index > 0) continue;
            Begin(list, turn.Role);
            Parts(list, turn, withImages: turn.Role == ChatRole.User, addVisionId, ref images);
            End(list);
        }
        if (addGenerationPrompt) Begin(list, ChatRole.Assistant);
        return list.Finish();
    }
}
