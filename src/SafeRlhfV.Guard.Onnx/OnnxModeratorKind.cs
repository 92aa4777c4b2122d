namespace SafeRlhfV.Guard.Onnx;

/// <summary><c>kind: onnx</c>: a classifier or detector as an ONNX file. A program that wants it calls <see cref="Register"/> once.</summary>
public sealed class OnnxModeratorKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "onnx";

    /// <inheritdoc/>
    public override ModeratorOption Option { get; } = new(
        "--onnx", "folder", "FOLDER", "Instead: the folder of a classifier or detector in ONNX, with a labels.yaml that says what its labels mean.");

    /// <summary>Lists it among <see cref="ModeratorKinds"/>; calling again changes nothing.</summary>
    public static void Register() => ModeratorKinds.Register<OnnxModeratorKind>();

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder) => new Settings(Path.Combine(folder, section.Required("folder")), new()
    {
        File = section.Text("file"),
        Labels = section.Text("labels") is { } labels ? Path.Combine(folder, labels) : null,
        Name = section.Text("name"),
        Threads = section.Whole("threads", 1, 1024) ?? 0,
    });

    private sealed record Settings(string Folder, OnnxOptions Options) : ModeratorSettings
    {
        public override bool IsLocal => true;

        public override IModerator Open(ModeratorParts parts) => OnnxModerator.Load(Folder, Options with { OwnCategories = parts.OwnCategories });
    }
}
