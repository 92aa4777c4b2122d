using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Models;

namespace SafeRlhfV.Inference;

/// <summary>
/// <c>kind: local</c>: a guard's checkpoint on this machine, or ShieldGemma 2 as it is published. A program that wants it calls <see cref="Register"/> once.
/// </summary>
public sealed class LocalModeratorKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "local";

    /// <inheritdoc/>
    public override ModeratorOption Option { get; } = new("--guard", "checkpoint", "FOLDER", "A guard's folder, as 'train guard' writes it, or ShieldGemma 2.");

    /// <summary>Lists it among <see cref="ModeratorKinds"/>; calling again changes nothing.</summary>
    public static void Register() => ModeratorKinds.Register<LocalModeratorKind>();

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder)
    {
        LocalOptions options = new();
        try
        {
            options = options with { Dtype = new LoadOptions().WithDtype(section.Text("dtype")).Dtype };
        }
        catch (InvalidInputException error)
        {
            section.Fault("dtype", error.Message.TrimEnd('.'));
        }
        return new Settings(Path.Combine(folder, section.Required("checkpoint")), options);
    }

    private sealed record Settings(string Checkpoint, LocalOptions Options) : ModeratorSettings
    {
        public override bool IsLocal => true;

        public override IModerator Open(ModeratorParts parts) =>
            LocalCheckpoint.IsShieldGemma(LocalCheckpoint.Find(Checkpoint)) ? OpenShieldGemma() : LocalModerator.Load(Checkpoint, Options);

        private TemplateModerator OpenShieldGemma()
        {
            LocalChatClient client = LocalChatClient.Load(Checkpoint, Options);
            return new(client.GetService<IGuardModel>()!, new ShieldGemma2Profile(), owned: client);
        }
    }
}
