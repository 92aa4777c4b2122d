namespace SafeRlhfV.Guard;

/// <summary>What is to be moderated: (images, question), or (images, question, response). A prompt may have no image and an answer no question.</summary>
public sealed record ModerationRequest
{
    /// <summary>A request without images.</summary>
    public ModerationRequest(string question, string? response = null) => (Question, Response) = (question, response);

    /// <summary>A request about images.</summary>
    public ModerationRequest(IReadOnlyList<ModerationImage> images, string question, string? response = null) : this(question, response) => Images = images;

    /// <summary>All the images, in their order; empty where there are none.</summary>
    public IReadOnlyList<ModerationImage> Images { get; init; } = [];

    /// <summary>The question (the prompt's text).</summary>
    public string Question { get; init; }

    /// <summary>The answer to judge; null where the prompt itself is to be judged.</summary>
    public string? Response { get; init; }

    /// <summary>Which side is judged.</summary>
    public GuardSide Side => Response is null ? GuardSide.Prompt : GuardSide.Answer;

    /// <summary>The same prompt with an answer to judge.</summary>
    public ModerationRequest WithResponse(string response) => this with { Response = response };
}
