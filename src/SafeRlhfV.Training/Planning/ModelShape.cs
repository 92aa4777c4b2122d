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
    // a picture of ordinary size, for families whose tokens follow the picture's size
    private const int OrdinaryTokens = 1024;

    /// <summary>Finds the sizes.</summary>
    public static ModelShape Of(ModelConfig config)
    {
        using VisionLanguageModel model = ModelFamilies.Find(config.ModelType)!.Create(config, new MetaParameterSource());
        HashSet<Parameter> met = new(ReferenceEqualityComparer.Instance);
        long all = model.parameters().Where(met.Add).Sum(parameter => parameter.numel());
        long output = config.TieWordEmbeddings ? 0 : (long)config.Text.VocabularySize * config.Text.HiddenSize;
        return new ModelShape(config, all, model.VisionTowerParameters.Sum(parameter => parameter.numel()), output);
    }

    /// <summary>What the images of a row take of the pixel values (tiles of LLaVA-NeXT, patches of Qwen), and their tokens, where the data says so; null = an image of ordinary size.</summary>
    public (int Rows, int Tokens)? Images { get; init; }

    /// <summary>The language model's sizes.</summary>
    public TextConfig Text => Config.Text;

    /// <summary>Width of all query heads.</summary>
    public long QueryWidth => (long)Text.Heads * Text.HeadSize;

    /// <summary>Width of all key (or value) heads.</summary>
    public long KeyWidth => (long)Text.KeyValueHeads * Text.HeadSize;

    /// <summary>Text tokens that a picture costs; for families where the picture decides, those of an ordinary one.</summary>
    public int ImageTokens => Images is { } known ? known.Tokens : Config switch
    {
        LlavaConfig { GridPinpoints.Count: > 0 } next => 5 * next.LeastImageTokens,
        LlavaConfig plain => plain.LeastImageTokens,
        _ => OrdinaryTokens,
    };

    /// <summary>Tower outputs of one picture, and the width of one.</summary>
    public (long Patches, long Width) Features => Config switch
    {
        LlavaConfig llava => (Images is { } known ? known.Rows * (long)llava.LeastImageTokens : ImageTokens, (long)llava.Vision.HiddenSize * llava.FeatureStates.Count),
        QwenConfig qwen => (Images?.Rows ?? (ImageTokens * (long)qwen.Vision.MergeSize * qwen.Vision.MergeSize), qwen.Vision.HiddenSize),
        _ => (ImageTokens, Text.HiddenSize),
    };

    /// <summary>Blocks, width and inner width of the tower.</summary>
    public (int Layers, long Width, long Inner) Tower => Config switch
    {
        LlavaConfig llava => (llava.Vision.Layers, llava.Vision.HiddenSize, llava.Vision.IntermediateSize),
        QwenConfig qwen => (qwen.Vision.Layers, qwen.Vision.HiddenSize, qwen.Vision.IntermediateSize),
        _ => (0, 0, 0),
    };

    /// <summary>Pictures (or tiles) of 3 x S x S float32 numbers that one picture becomes, in bytes.</summary>
    public long PixelBytes => Config switch
    {
        LlavaConfig llava => 4L * llava.Vision.Channels * llava.Vision.ImageSize * llava.Vision.ImageSize * (Images?.Rows ?? (llava.GridPinpoints.Count > 0 ? 5 : 1)),
        QwenConfig qwen => 4L * Features.Patches * qwen.Vision.PatchNumbers,
        _ => 0,
    };
}
