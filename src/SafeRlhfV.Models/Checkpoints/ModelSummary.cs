using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What a checkpoint folder holds, told by its headers alone.</summary>
public sealed record ModelSummary
{
    private static readonly (int Width, int Height)[] Images = [(336, 336), (640, 480), (1024, 768), (768, 1024), (1920, 1080)];

    /// <summary>The folder.</summary>
    public required string Folder { get; init; }

    /// <summary>config.json's model_type.</summary>
    public required string Family { get; init; }

    /// <summary>How the files name the tensors.</summary>
    public required string Layout { get; init; }

    /// <summary>Types of the weights on the disk, that of most bytes first.</summary>
    public required IReadOnlyList<string> Dtypes { get; init; }

    /// <summary>Files that hold the weights.</summary>
    public required int Files { get; init; }

    /// <summary>Parameters and bytes by part.</summary>
    public required IReadOnlyList<ModelPart> Parts { get; init; }

    /// <summary>The output layer is the embedding table.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Numbers that each head of the score gives; 0 = the folder has none.</summary>
    public required int ScoreOutputs { get; init; }

    /// <summary>Heads of the score: more than 1 for an ensemble.</summary>
    public required int ScoreHeads { get; init; }

    /// <summary>What the score head is, in words; null = there is none, or the folder does not say.</summary>
    public required string? ScoreKind { get; init; }

    /// <summary>Bytes that keys and values of one token take in the cache, in the type of most weights.</summary>
    public required long CacheBytesPerToken { get; init; }

    /// <summary>Longest text of the pretraining, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Longest text that the model reads, in tokens; dynamic rotary positions reach beyond the pretraining's.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>What images of some sizes cost, by the folder's own image processor.</summary>
    public required IReadOnlyList<ImageCost> ImageCosts { get; init; }

    /// <summary>Why no image's cost is known; null if it is.</summary>
    public required string? ImageFault { get; init; }

    /// <summary>Parameters in all.</summary>
    public long Parameters => Parts.Sum(part => part.Parameters);

    /// <summary>Bytes in all.</summary>
    public long Bytes => Parts.Sum(part => part.Bytes);

    /// <summary>Reads config.json and the headers of the weights.</summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or names and config do not belong together.</exception>
    public static ModelSummary Of(string folder)
    {
        ModelConfig config = ModelConfig.Load(folder);
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        (config, KeyLayout layout, Dictionary<string, string> keys) = CheckpointNames.Of(folder, config, tensors);
        Dictionary<string, ModelPart> parts = [];
        foreach (ParameterEntry entry in ParameterList.Of(config))
        {
            if (!keys.TryGetValue(entry.Name, out string? key))
                throw new InvalidInputException($"{folder}: the checkpoint lacks {layout.ToFile(entry.Name)}; config.json and weights do not belong together.");
            string name = PartOf(entry.Name);
            ModelPart part = parts.GetValueOrDefault(name, new ModelPart(name, 0, 0));
            parts[name] = part with { Parameters = part.Parameters + entry.Count, Bytes = part.Bytes + tensors.Entry(key).Length };
        }
        List<ScalarType> dtypes = [.. keys.Values.Select(tensors.Entry).GroupBy(entry => entry.Dtype)
            .OrderByDescending(group => group.Sum(entry => entry.Length)).Select(group => group.Key)];
        (IReadOnlyList<ImageCost> costs, string? fault) = CostsOf(folder, config);
        return new ModelSummary
        {
            Folder = folder,
            Family = config.ModelType,
            Layout = layout.Name,
            Dtypes = [.. dtypes.Select(dtype => dtype.ToString().ToLowerInvariant())],
            Files = keys.Values.Select(tensors.FileOf).Distinct().Count(),
            Parts = [.. parts.Values],
            TiedEmbeddings = config.TieWordEmbeddings,
            ScoreOutputs = ScoreHead.RowsIn(folder, tensors) / ModelKinds.Heads(folder),
            ScoreHeads = ScoreHead.RowsIn(folder, tensors) > 0 ? ModelKinds.Heads(folder) : 0,
            ScoreKind = ModelKinds.Of(folder) is { } kind and not ModelKind.Policy ? ModelKinds.Name(kind) : null,
            CacheBytesPerToken = 2L * config.Text.Layers * config.Text.KeyValueHeads * config.Text.HeadSize * SafetensorsTypes.Size(dtypes[0]),
            MaxPositions = config.Text.MaxPositions,
            MaxTokens = config.Text.MaxTokens,
            ImageCosts = costs,
            ImageFault = fault,
        };
    }

    private static (IReadOnlyList<ImageCost> Costs, string? Fault) CostsOf(string folder, ModelConfig config)
    {
        try
        {
            ImageProcessor processor = ImageProcessor.Load(folder, config);
            return ([.. Images.Select(size =>
                new ImageCost(size.Width, size.Height,
                    processor.Process(new RgbImage(size.Width, size.Height, new byte[3 * size.Width * size.Height])).Geometry.Tokens))], null);
        }
        catch (InvalidInputException error)
        {
            return ([], error.Message); // the rest is worth telling all the same
        }
    }

    private static string PartOf(string name) =>
        name.Contains("lm_head", StringComparison.Ordinal) ? "output layer"
        : name.Contains("embed_tokens", StringComparison.Ordinal) ? "embedding table"
        : name.Contains("merger", StringComparison.Ordinal) || name.Contains("projector", StringComparison.Ordinal)
            || name.Contains("newline", StringComparison.Ordinal) ? "projector"
        : name.Contains("visual.", StringComparison.Ordinal) || name.Contains("vision_tower.", StringComparison.Ordinal) ? "vision tower" : "language model";
}
