namespace SafeRlhfV.Guard.Ocr;

/// <summary>
/// <c>kind: ocr</c>: reads the words in images and gives them to the other moderators, or to moderators of its own. A program that wants it calls
/// <see cref="Register"/> once.
/// </summary>
public sealed class OcrModeratorKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "ocr";

    /// <summary>Lists it among <see cref="ModeratorKinds"/>; calling again changes nothing.</summary>
    public static void Register() => ModeratorKinds.Register<OcrModeratorKind>();

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder)
    {
        TesseractOptions standard = new();
        IReadOnlyList<string> languages = section.Texts("languages");
        return new Settings(
            standard with
            {
                Command = section.Text("command") ?? standard.Command,
                Languages = languages.Count > 0 ? languages : standard.Languages,
                Processes = section.Whole("processes", 1, 256) ?? standard.Processes,
                Timeout = section.Duration("timeout") ?? standard.Timeout,
                Confidence = section.Number("confidence", 0, 100) ?? standard.Confidence,
            },
            [.. section.Sections("moderators").Select(one => ModeratorKinds.Read(one, folder)).OfType<ModeratorSettings>()]);
    }

    private sealed record Settings(TesseractOptions Options, IReadOnlyList<ModeratorSettings> Moderators) : ModeratorSettings
    {
        public override IModerator Open(ModeratorParts parts)
        {
            Func<IModerator> texts = Moderators.Count == 0
                ? parts.All ?? throw new InvalidInputException("kind: ocr: this program has no other moderators; name some under 'moderators'.")
                : Owned(new ParallelModerator(Moderators.Select(one => one.Open(parts))));
            TesseractReader reader = new(Options);
            return new ImageTextModerator(reader, texts, reader);
        }

        private static Func<IModerator> Owned(IModerator moderator) => () => moderator;
    }
}
