namespace SafeRlhfV.Models;

/// <summary>One row of a generation.</summary>
/// <param name="Text">Valid tokens of the prompt, then the response's so far; kept only where a rule looks at them.</param>
/// <param name="PromptLength">Valid tokens of the prompt.</param>
/// <param name="Limit">Maximum number of tokens of the response.</param>
internal sealed record GenerationRow(List<int> Text, int PromptLength, int Limit)
{
    /// <summary>The response so far. What it holds counts, whatever the ids: up to and with the first end token.</summary>
    public List<int> Response { get; } = [];

    /// <summary>Why the response ended; null while it goes on.</summary>
    public FinishReason? Finish { get; private set; }

    /// <summary>Adds a token to a response that has not ended.</summary>
    /// <param name="token">The token.</param>
    /// <param name="ends">The ids that end a response.</param>
    /// <param name="row">The row's number, for <paramref name="stop"/>.</param>
    /// <param name="stop">Whether the response so far is to stop; null = never.</param>
    public void Take(int token, IReadOnlySet<int> ends, int row, Func<int, IReadOnlyList<int>, bool>? stop)
    {
        Response.Add(token);
        if (ends.Contains(token)) Finish = FinishReason.EndToken;
        else if (stop?.Invoke(row, Response) == true) Finish = FinishReason.Stopped;
        else if (Response.Count == Limit) Finish = FinishReason.Length;
    }
}
