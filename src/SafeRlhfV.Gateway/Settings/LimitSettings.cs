namespace SafeRlhfV.Gateway;

/// <summary>How large requests may be.</summary>
public sealed record LimitSettings
{
    /// <summary>The most bytes of a request.</summary>
    public int BodyBytes { get; init; } = 20 * 1024 * 1024;

    /// <summary>The most characters of an answer, over all its choices, with its tool calls and what a service adds: what is judged is held.</summary>
    public int AnswerCharacters { get; init; } = 4_000_000;

    /// <summary>The most messages of a conversation.</summary>
    public int Messages { get; init; } = 1000;

    /// <summary>The most texts of a request for embeddings, or for verdicts.</summary>
    public int Inputs { get; init; } = 2048;

    /// <summary>The most images of a request.</summary>
    public int Images { get; init; } = 16;

    /// <summary>The most bytes of an encoded image.</summary>
    public int ImageBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>The most pixels of an image, by its header, before anything is decoded.</summary>
    public int ImagePixels { get; init; } = 40_000_000;

    /// <summary>The most pixels of all images of a request together, by their headers, before anything is decoded.</summary>
    public int RequestPixels { get; init; } = 64_000_000;

    /// <summary>The most frames of an animation; each is judged.</summary>
    public int ImageFrames { get; init; } = 32;

    /// <summary>What becomes of animations. Those of PNG files are refused in any case.</summary>
    public ImageUse Animations { get; init; } = ImageUse.Judge;

    /// <summary>What becomes of images that may be transparent.</summary>
    public ImageUse Transparency { get; init; } = ImageUse.Judge;

    /// <summary>Whether images may be given by address. They are fetched here once, from public hosts only, without following redirects.</summary>
    public bool ImageUrls { get; init; }

    /// <summary>The longest that fetching an image may take.</summary>
    public TimeSpan ImageTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most requests under way at once; more are turned away.</summary>
    public int Concurrency { get; init; } = 2000;
}
