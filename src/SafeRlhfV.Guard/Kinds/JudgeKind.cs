namespace SafeRlhfV.Guard;

/// <summary><c>kind: judge</c>: a chat model that judges.</summary>
public sealed class JudgeKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "judge";

    /// <inheritdoc/>
    public override ModeratorOption Option { get; } = new(
        "--judge", "endpoint", "ADDRESS", "Instead: the address of a chat service whose model, --judge-model, judges.")
    { IsService = true, NeedsModel = true };

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder) =>
        new Settings(section.NeedAddress("endpoint"), section.Secret("key", folder), section.Required("model"));

    private sealed record Settings(Uri Endpoint, string? Key, string Model) : ModeratorSettings
    {
        public override IModerator Open(ModeratorParts parts) => new ChatModerator(parts.OpenChat(Endpoint, Model, Key), parts.OwnCategories);
    }
}
