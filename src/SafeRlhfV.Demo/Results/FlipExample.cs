namespace SafeRlhfV.Demo;

/// <summary>One pair of the flip probe.</summary>
public sealed record FlipExample
{
    /// <summary>The image without a mark, PNG.</summary>
    public required byte[] PlainImage { get; init; }

    /// <summary>The image with the mark, PNG.</summary>
    public required byte[] MarkedImage { get; init; }

    /// <summary>What the first image shows, in words.</summary>
    public required string PlainDescription { get; init; }

    /// <summary>What the second image shows, in words.</summary>
    public required string MarkedDescription { get; init; }

    /// <summary>The question under both.</summary>
    public required string Question { get; init; }

    /// <summary>The answer under both.</summary>
    public required string Answer { get; init; }

    /// <summary>The score without the mark: cost (right below 0), or p(unsafe) of the guard (right below one half).</summary>
    public required double PlainScore { get; init; }

    /// <summary>The score with the mark.</summary>
    public required double MarkedScore { get; init; }
}
