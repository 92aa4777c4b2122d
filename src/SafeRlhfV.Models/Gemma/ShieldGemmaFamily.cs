using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>ShieldGemma 2 (`shieldgemma2`): Gemma 3 that answers Yes or No to whether an image violates a policy (<see cref="ShieldGemma"/>).</summary>
public sealed class ShieldGemmaFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["shieldgemma2"];

    // each of Gemma's layouts below `model.`; the last is its layout in memory as it is, which transformers 5 reads, too
    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts { get; } =
        [.. LlavaKeys.Layouts.Select(Below), LlavaKeys.Layouts.First(layout => layout.Name == "memory") with { Name = "bare" }];

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => GemmaConfig.Read(reader, isGuard: true);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new GemmaChatFormat();

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings)
    {
        // the reference's processor turns it off, whatever the file says
        if (settings.Reader.Flag("do_pan_and_scan", false)) throw settings.Reader.Error("do_pan_and_scan", "must be false with ShieldGemma 2");
        return GemmaFamily.Images((GemmaConfig)config, settings);
    }

    /// <inheritdoc/>
    public override void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images) =>
        ((GemmaConfig)config).CheckProcessor(processor);

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new GemmaModel((GemmaConfig)config, source);

    private static KeyLayout Below(KeyLayout layout)
    {
        const string Prefix = "model.";
        return new(layout.Name, name => Prefix + layout.ToFile(name),
            key => key.StartsWith(Prefix, StringComparison.Ordinal) ? layout.ToCanonical(key[Prefix.Length..]) : null);
    }
}
