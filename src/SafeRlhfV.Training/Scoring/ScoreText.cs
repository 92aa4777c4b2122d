namespace SafeRlhfV.Training;

/// <summary>A prompt with its response, as a server is sent it to be scored.</summary>
/// <param name="Ids">Our own ids: they are sent where there are no messages.</param>
/// <param name="Messages">The conversation, where the prompt has images: a server takes these in messages alone. The last one is the response.</param>
/// <param name="IsExact">Whether the server's tokens are <paramref name="Ids"/>; where not, the text gives other tokens than were sampled.</param>
internal sealed record ScoreText(int[] Ids, IReadOnlyList<ServerMessage> Messages, bool IsExact)
{
    /// <summary>The messages of the prompt alone.</summary>
    public IReadOnlyList<ServerMessage> Prompt => [.. Messages.SkipLast(1)];

    /// <summary>The request for its score.</summary>
    public ServerCall Call(string model, bool addsSpecialTokens) => Messages.Count == 0 ? ClassifyProtocol.Ids(model, [Ids])
        : ClassifyProtocol.Chat(model, Messages, addsSpecialTokens);
}
