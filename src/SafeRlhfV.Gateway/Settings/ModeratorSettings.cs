using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>One moderator.</summary>
public sealed record ModeratorSettings
{
    /// <summary>What it is.</summary>
    public required ModeratorKind Kind { get; init; }

    /// <summary>The category of the patterns.</summary>
    public string Category { get; init; } = "";

    /// <summary>The severity of the patterns.</summary>
    public Severity Severity { get; init; } = Severity.Moderate;

    /// <summary>Words and phrases.</summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>Regular expressions.</summary>
    public IReadOnlyList<string> Patterns { get; init; } = [];

    /// <summary>The service's base address with its version.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The service's key; null sends none.</summary>
    public string? Key { get; init; }

    /// <summary>The service's model.</summary>
    public string Model { get; init; } = "omni-moderation-latest";

    /// <summary>The folder of a local checkpoint.</summary>
    public string? Checkpoint { get; init; }
}
