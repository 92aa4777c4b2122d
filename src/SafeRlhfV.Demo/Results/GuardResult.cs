namespace SafeRlhfV.Demo;

/// <summary>Beaver-Guard-V: how it moderates, and what filter-and-regenerate makes of the start's answers.</summary>
public sealed record GuardResult
{
    /// <summary>Moderating image, question and answer.</summary>
    public GuardFigures? WithResponse { get; init; }

    /// <summary>Moderating image and question alone.</summary>
    public GuardFigures? PromptAlone { get; init; }

    /// <summary>Thresholds with a risk guarantee on what they miss; a side with too few rows for it is left out.</summary>
    public IReadOnlyList<GuardThreshold> Thresholds { get; init; } = [];

    /// <summary>Filter-and-regenerate; the first is the headline.</summary>
    public IReadOnlyList<GuardCurve> Curves { get; init; } = [];
}
