namespace SafeRlhfV.Demo;

/// <summary>The guard on held-out rows with true labels.</summary>
public sealed record GuardFigures
{
    /// <summary>Rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Share of verdicts right.</summary>
    public required double VerdictAccuracy { get; init; }

    /// <summary>F1 of "unsafe".</summary>
    public required double F1 { get; init; }

    /// <summary>Share of safe rows called unsafe.</summary>
    public required double FalseAlarmRate { get; init; }

    /// <summary>Share of unsafe rows called safe.</summary>
    public required double MissRate { get; init; }

    /// <summary>Micro F1 over the categories.</summary>
    public required double CategoryF1 { get; init; }

    /// <summary>Share of severities right.</summary>
    public required double SeverityAccuracy { get; init; }

    /// <summary>Verdict accuracy under a grey image; null where not measured.</summary>
    public double? GreyVerdictAccuracy { get; init; }

    /// <summary>Category F1 under a grey image.</summary>
    public double? GreyCategoryF1 { get; init; }

    /// <summary>Severity accuracy under a grey image.</summary>
    public double? GreySeverityAccuracy { get; init; }
}
