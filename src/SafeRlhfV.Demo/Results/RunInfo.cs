namespace SafeRlhfV.Demo;

/// <summary>What was run: enough to run it again.</summary>
public sealed record RunInfo
{
    /// <summary>"default" or "quick".</summary>
    public required string Profile { get; init; }

    /// <summary>The seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Held-out prompts that the methods were judged on.</summary>
    public required int Prompts { get; init; }

    /// <summary>Settings by name, in the order to show them.</summary>
    public IReadOnlyList<NamedValue> Settings { get; init; } = [];

    /// <summary>Versions of the product, runtime and libraries, in the order to show them.</summary>
    public IReadOnlyList<NamedValue> Versions { get; init; } = [];
}
