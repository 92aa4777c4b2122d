using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Collects the segments of a conversation: the format's own texts that touch are joined, empty texts leave no segment.</summary>
internal sealed class ChatSegmentList(string imageToken)
{
    private readonly List<ChatSegment> segments = [];
    private readonly StringBuilder format = new();

    public void Format(string text) => format.Append(text);

    public void Image(ImagePart part) => Add(new ChatSegment(ChatSegmentKind.Image, imageToken, part.Image));

    public void Text(ChatRole role, string text)
    {
        if (text.Length == 0) return;
        Add(new ChatSegment(role switch { ChatRole.System => ChatSegmentKind.System, ChatRole.User => ChatSegmentKind.User, _ => ChatSegmentKind.Assistant },
            text));
    }

    public IReadOnlyList<ChatSegment> Finish()
    {
        Flush();
        return segments;
    }

    private void Add(ChatSegment segment)
    {
        Flush();
        segments.Add(segment);
    }

    private void Flush()
    {
        if (format.Length == 0) return;
        segments.Add(new ChatSegment(ChatSegmentKind.Format, format.ToString()));
        format.Clear();
    }
}
