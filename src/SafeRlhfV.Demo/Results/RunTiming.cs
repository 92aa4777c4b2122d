namespace SafeRlhfV.Demo;

/// <summary>When and how long a run took, and on what. Not part of the figures: two equal runs differ here.</summary>
public sealed record RunTiming
{
    /// <summary>When the run was finished, UTC.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The processor's name; null where unknown.</summary>
    public string? Processor { get; init; }

    /// <summary>Processor cores of the machine.</summary>
    public int Cores { get; init; }

    /// <summary>Threads that torch used.</summary>
    public int Threads { get; init; }

    /// <summary>Peak resident memory in bytes; 0 where unknown.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>The stages in the order they ran.</summary>
    public IReadOnlyList<StageTime> Stages { get; init; } = [];
}
