using SafeRlhfV.Guard;

namespace SafeRlhfV.Registry.Tests;

/// <summary><c>kind: shout</c>.</summary>
public sealed class ShoutKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "shout";

    /// <inheritdoc/>
    public override ModeratorOption Option { get; } = new("--shout", "limit", "LETTERS", "Instead: blocks texts with so many capital letters in a row.");

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder)
    {
        if (!section.Has("limit")) section.Fault("limit", "is missing");
        return new Settings(section.Whole("limit", 2, 100) ?? 2);
    }

    private sealed record Settings(int Limit) : ModeratorSettings
    {
        public override IModerator Open(ModeratorParts parts) => new ShoutModerator(Limit);
    }
}
