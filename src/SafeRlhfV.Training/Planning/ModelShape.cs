using SafeRlhfV.Models;
using TorchSharp.Modules;

namespace SafeRlhfV.Training;

/// <summary>Sizes of a model that decide what training it takes; found without loading a weight.</summary>
/// <param name="Config">The model's settings.</param>
/// <param name="Parameters">All parameters.</param>
/// <param name="TowerParameters">Those of the vision tower.</param>
/// <param name="OutputParameters">Those of the output matrix, where it is one of its own; else 0.</param>
public sealed record ModelShape(ModelConfig Config, long Parameters, long TowerParameters, long OutputParameters)
{
    /// <summary>Finds the sizes.</summary>
    public static ModelShape Of(ModelConfig config)
    {
        using VisionLanguageModel model = ModelFamilies.Find(config.ModelType)!.Create(config, new MetaParameterSource());
        HashSet<Parameter> met = new(ReferenceEqualityComparer.Instance);
        long all = model.parameters().Where(met.Add).Sum(parameter => parameter.numel());
        long output = config.TieWordEmbeddings ? 0 : (long)config.Text.VocabularySize * config.Text.HiddenSize;
        return new ModelShape(config, all, model.VisionTowerParameters.Sum(parameter => parameter.numel()), output);
    }

    /// <summary>
    /// What the images of a row take of the pixel values (tiles of LLaVA-NeXT, patches of Qwen), and their tokens, where the data says so; null = an image of
    /// ordinary size.
    /// </summary>
    public (int Rows, int Tokens)? Images { get; init; }

    /// <summary>Numbers in the modules of that name (modules_to_save).</summary>
    public long NumbersIn(IReadOnlyList<string> modules)
    {
        if (modules.Count == 0) return 0;
        using VisionLanguageModel model = ModelFamilies.Find(Config.ModelType)!.Create(Config, new MetaParameterSource());
        return model.Adapters.NumbersIn(modules);
    }

    /// <summary>The language model's sizes.</summary>
    public TextConfig Text => Config.Text;

    /// <summary>Width of all query heads.</summary>
    public long QueryWidth => (long)Text.Heads * Text.HeadSize;

    /// <summary>Width of all key (or value) heads.</summary>
    public long KeyWidth => (long)Text.KeyValueHeads * Text.HeadSize;

    /// <summary>Sizes of the vision side.</summary>
    public VisionSizes Vision => Config.VisionSizes;

    /// <summary>Text tokens that an image costs; where the image decides and is not known, those of an ordinary one.</summary>
    public int ImageTokens => Images?.Tokens ?? Vision.UsualTokens;

    /// <summary>Tower outputs of one image.</summary>
    public long Patches => Rows * Vision.RowFeatures;

    /// <summary>Pixel values of one image, float32, in bytes.</summary>
    public long PixelBytes => 4 * Rows * Vision.RowNumbers;

    private long Rows => Images?.Rows ?? Vision.UsualRows;
}
