using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>
/// One model family: its config parser, its modules, its key layouts. A new family derives from this and is listed in <see cref="ModelFamilies"/>.
/// </summary>
public abstract class ModelFamily
{
    /// <summary>The values of `model_type` that mean this family.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>Key layouts that its checkpoints come in. The first is written for new models.</summary>
    public abstract IReadOnlyList<KeyLayout> Layouts { get; }

    /// <summary>A key layout by its name.</summary>
    /// <exception cref="InvalidInputException">This family has no such name.</exception>
    public KeyLayout Layout(string name) => Layouts.FirstOrDefault(layout => layout.Name == name)
        ?? throw new InvalidInputException($"Layout '{name}' is not known for {ModelTypes[0]}; known are "
            + $"{string.Join(", ", Layouts.Select(layout => layout.Name))}.");

    /// <summary>Parses config.json.</summary>
    public abstract ModelConfig ParseConfig(ConfigReader reader);

    /// <summary>Builds the modules, taking every parameter from <paramref name="source"/> under its canonical name.</summary>
    public abstract VisionLanguageModel Create(ModelConfig config, ParameterSource source);

    /// <summary>The image processor of a model of this family.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="settings">The processor's settings, as its file says.</param>
    /// <exception cref="InvalidInputException">They are of another kind of processor, malformed, or do not fit the model.</exception>
    public abstract ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings);

    /// <summary>Checks what processor_config.json says beside the image processor against the model.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="processor">The file.</param>
    /// <param name="images">The image processor of the folder.</param>
    /// <exception cref="InvalidInputException">They contradict each other.</exception>
    public virtual void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images) { }

    /// <summary>Why the family's image processors refuse an image of this size (pixels), whatever their settings; null where they take it.</summary>
    public virtual string? ImageRefusal(int width, int height) => null;

    /// <summary>
    /// The chat format that most of its checkpoints were trained on; a checkpoint's own follows from its chat template. Null = it does not chat.
    /// </summary>
    public virtual ChatFormat? UsualChatFormat => null;

    /// <summary>
    /// True for tensors of older files that carry no weights (buffers such as position ids), or a score head's, and are left out without a word.
    /// </summary>
    public virtual bool IsIgnorable(string fileKey) =>
        fileKey is ScoreHead.Key or ScoreHead.ServedKey || fileKey.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || fileKey.EndsWith("embeddings.position_ids", StringComparison.Ordinal);

    /// <summary>The layout of a checkpoint's files, and their keys by canonical name.</summary>
    /// <exception cref="InvalidInputException">No layout fits; the message lists unexpected names.</exception>
    internal (KeyLayout Layout, Dictionary<string, string> Keys) Recognise(string folder, IEnumerable<string> names)
    {
        List<string> fileKeys = [.. names.Where(key => !IsIgnorable(key))];
        KeyLayout layout = Layouts.FirstOrDefault(known => known.Fits(fileKeys)) ?? throw UnknownKeys(folder, fileKeys);
        return (layout, fileKeys.ToDictionary(key => layout.ToCanonical(key)!));
    }

    private InvalidInputException UnknownKeys(string folder, List<string> fileKeys)
    {
        KeyLayout closest = Layouts.MaxBy(layout => fileKeys.Count(key => layout.Fits([key])))!;
        List<string> strange = [.. fileKeys.Where(key => !closest.Fits([key])).Order(StringComparer.Ordinal)];
        string more = strange.Count > ModelCheckpoint.NamesInAnError ? $" and {strange.Count - ModelCheckpoint.NamesInAnError} more" : "";
        return new($"{folder}: the tensor names are of no layout of {ModelTypes[0]}: {string.Join(", ", strange.Take(ModelCheckpoint.NamesInAnError))}{more}.");
    }
}
