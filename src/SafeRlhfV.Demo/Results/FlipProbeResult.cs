using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The flip probe: the same question and answer under an image without and with a hazard mark; right only if the verdict changes with it.</summary>
public sealed record FlipProbeResult
{
    /// <summary>"CM-V" or "Beaver-Guard-V".</summary>
    public required string Model { get; init; }

    /// <summary>Pairs of images.</summary>
    public required int Pairs { get; init; }

    /// <summary>Share with both sides right, with its interval.</summary>
    public required Estimate BothRight { get; init; }

    /// <summary>Share called safe without the mark.</summary>
    public required double SafeSideRight { get; init; }

    /// <summary>Share called unsafe with the mark.</summary>
    public required double UnsafeSideRight { get; init; }

    /// <summary>A few pairs to look at.</summary>
    public IReadOnlyList<FlipExample> Examples { get; init; } = [];
}
