namespace SafeRlhfV.Guard;

/// <summary><c>kind: openai</c>: a service with /moderations.</summary>
public sealed class OpenAIKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "openai";

    /// <inheritdoc/>
    public override ModeratorOption Option { get; } = new(
        "--moderations", "endpoint", "ADDRESS", "Instead: the address of a service with /moderations, such as a gateway's http://127.0.0.1:8080/v1.")
    { IsService = true };

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder) =>
        new Settings(section.NeedAddress("endpoint"), section.Secret("key", folder), section.Text("model") ?? "omni-moderation-latest");

    private sealed record Settings(Uri Endpoint, string? Key, string Model) : ModeratorSettings
    {
        public override IModerator Open(ModeratorParts parts) => new OpenAIModerator(parts.Http, Endpoint, Key, Model);
    }
}
