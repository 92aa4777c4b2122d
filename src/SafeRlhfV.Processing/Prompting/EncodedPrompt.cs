namespace SafeRlhfV.Processing;

/// <summary>A conversation ready for a model, up to where the answer begins.</summary>
/// <param name="Ids">Token ids, every image token expanded to as many as its image takes.</param>
/// <param name="Images">The images in the order of the text.</param>
/// <param name="Text">The conversation as the chat format writes it, one placeholder an image.</param>
public sealed record EncodedPrompt(int[] Ids, IReadOnlyList<ProcessedImage> Images, string Text)
{
    /// <summary>The text as the tokenizer got it, to join an answer to; empty for ids of another origin.</summary>
    internal IReadOnlyList<TextSegment> Segments { get; init; } = [];

    /// <summary>The text as the tokenizer got it: with image tokens written out, where the family does that. Empty for ids of another origin.</summary>
    public string Written => string.Concat(Segments.Select(segment => segment.Text));

    /// <summary>The conversation, to write an answer after it; empty for ids of another origin.</summary>
    internal IReadOnlyList<ChatTurn> Turns { get; init; } = [];

    /// <summary>Whether its images are numbered.</summary>
    internal bool AddVisionId { get; init; }

    /// <summary>The ids of the text before image tokens are expanded.</summary>
    internal IReadOnlyList<int> TextIds { get; init; } = [];
}
