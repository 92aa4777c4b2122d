using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The decoder that Llama, Mistral, Qwen2, Qwen3 and Gemma 3 share: embedding table, blocks, final norm.</summary>
public sealed class TextDecoder : NamedModule
{
    private readonly EmbeddingLayer embedding;
    private readonly DecoderLayer[] layers;
    private readonly RmsNormLayer norm;
    private readonly RotaryTable rotary;
    private readonly RotaryTable? slidingRotary;

    /// <summary>Takes embed_tokens, layers.N and norm.</summary>
    public TextDecoder(ParameterScope scope, TextConfig config) : base(nameof(TextDecoder))
    {
        Config = config;
        embedding = new(scope.At("embed_tokens"), config.VocabularySize, config.HiddenSize);
        layers = [.. Enumerable.Range(0, config.Layers).Select(layer => new DecoderLayer(scope.At($"layers.{layer}"), config, layer))];
        norm = new(scope.At("norm"), config.HiddenSize, config.RmsNormEpsilon, config.NormsAroundOne);
        rotary = new(config.Rope, config.HeadSize);
        if (config.SlidingRope is { } sliding) slidingRotary = new(sliding, config.HeadSize);
        register_module("embed_tokens", embedding);
        register_module("layers", new ModuleList<DecoderLayer>(layers));
        register_module("norm", norm);
    }

    /// <summary>Its sizes.</summary>
    public TextConfig Config { get; }

    /// <summary>The embedding table.</summary>
    public EmbeddingLayer Embedding => embedding;

    /// <summary>What embeddings of tokens are multiplied by: the config's factor, rounded to the table's type as the reference does it.</summary>
    internal double EmbeddingFactor
    {
        get
        {
            using Tensor rounded = tensor(Config.EmbeddingFactor, dtype: embedding.Weight.dtype), wide = rounded.to(ScalarType.Float64);
            return wide.item<double>();
        }
    }

    /// <summary>Blocks keep only their inputs for the backward pass and are run again there: less memory, about a third more time.</summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>Follows backward passes through the blocks; null = nobody wants to know.</summary>
    public BackwardProgress? Progress { get; set; }

    /// <summary>Embeddings of token ids, [B, L, H], with image tokens put at the image positions.</summary>
    /// <param name="inputIds_BL">Token ids.</param>
    /// <param name="imageTokenId">The id that marks image positions.</param>
    /// <param name="images">Their embeddings; null where the text has none.</param>
    /// <param name="strict">Image ids without embeddings are an error (a whole pass); decoding may meet them as ordinary tokens.</param>
    /// <returns>The embeddings, and the flat positions (row × L + column) of the image tokens, null without images.</returns>
    /// <exception cref="InvalidInputException">Image positions and image embeddings differ in number.</exception>
    public (Tensor Embeddings_BLH, Tensor? ImagePositions_T) Embed(Tensor inputIds_BL, int imageTokenId, ImageEmbeddings? images, bool strict)
    {
        if (images is null && !strict) return (Scaled(inputIds_BL), null);
        Tensor isImage_BL = inputIds_BL.EqualTo(imageTokenId), positions_T = isImage_BL.reshape(-1).nonzero().view(-1);
        long wanted = positions_T.shape[0], given = images?.Tokens_TH.shape[0] ?? 0;
        if (wanted != given)
            throw new InvalidInputException($"The text has {wanted} image tokens, but the images give {given}; prompts and images do not belong together, or "
                + "a text was cut within an image.");
        if (given == 0) return (Scaled(inputIds_BL), null);
        // an image id beyond the table marks a place only
        Tensor ids = imageTokenId < Config.VocabularySize ? inputIds_BL : inputIds_BL.masked_fill(isImage_BL, Scalars.Zero);
        Tensor flat = Scaled(ids).view(-1, Config.HiddenSize);
        Tensor merged = flat.index_copy_(0, positions_T, images!.Tokens_TH.to(flat.dtype));
        return (merged.view(inputIds_BL.shape[0], inputIds_BL.shape[1], -1), positions_T);
    }

    /// <summary>Runs the blocks and the final norm, and advances the cache.</summary>
    /// <param name="embeddings_BLH">What <see cref="Embed"/> gives.</param>
    /// <param name="mask_BK">Valid columns, cached ones first.</param>
    /// <param name="positions">[B, L], or [3, B, L] with M-RoPE.</param>
    /// <param name="cache">Keys and values of the columns before.</param>
    /// <param name="deepStack">For each of the first blocks [T, H] to add after it at the image positions.</param>
    /// <param name="imagePositions_T">Flat positions of the image tokens, for <paramref name="deepStack"/> and where images are seen both ways.</param>
    /// <param name="from">The first column whose state is wanted: in the last block those before it give keys and values alone.</param>
    /// <param name="branches">The columns after the prompt are answers side by side; null = the columns are one text.</param>
    /// <returns>[B, L - from, H]; what columns of padding hold is not defined.</returns>
    public Tensor Forward(
        Tensor embeddings_BLH, Tensor mask_BK, Tensor positions, KeyValueCache? cache, IReadOnlyList<Tensor>? deepStack = null, Tensor? imagePositions_T = null,
        long from = 0, AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        long columns = embeddings_BLH.shape[1], keys = columns + (cache?.Length ?? 0);
        if (mask_BK.shape[1] != keys || mask_BK.shape[0] != embeddings_BLH.shape[0])
            throw new ArgumentException($"The mask is [{string.Join(", ", mask_BK.shape)}]; {embeddings_BLH.shape[0]} rows of {keys} columns are needed.",
                nameof(mask_BK));
        if (branches is not null && cache is not null) throw new ArgumentException("Answers side by side are run without a cache.", nameof(cache));
        ScalarType dtype = embeddings_BLH.dtype;
        RotaryAngles angles = rotary.Select(positions, keys, dtype);
        RotaryAngles slidingAngles = slidingRotary?.Select(positions, keys, dtype) ?? angles;
        Tensor? images_BK = Config.SeesImagesBothWays && imagePositions_T is not null
            ? ImageNumbers(imagePositions_T, embeddings_BLH.shape[0], columns, keys) : null;
        AttentionMask full = AttentionMask.Build(mask_BK, columns, dtype, null, branches, images_BK);
        AttentionMask sliding = Config.SlidingWindow is null ? full : Sliding(columns);
        // masks of dropout are drawn for all columns
        FilledColumns? filled = cache is null && deepStack is null && !AdapterFrame.DropsOut ? FilledColumns.TryFind(embeddings_BLH, mask_BK) : null;
        Tensor x = filled?.Pack(embeddings_BLH, 0) ?? embeddings_BLH;
        for (int layer = 0; layer < layers.Length; layer++)
        {
            bool slides = Config.SlidingWindow is not null && Config.SlidingLayers[layer], stacks = deepStack is not null && layer < deepStack.Count
                && imagePositions_T is not null;
            AttentionMask mask = slides ? sliding : full;
            long first = layer == layers.Length - 1 && !stacks ? from : 0;
            if (first > 0) mask = slides ? Sliding(columns - first) : AttentionMask.Build(mask_BK, columns - first, dtype, null, branches, images_BK);
            RotaryAngles turns = slides ? slidingAngles : angles;
            if (cache is null && Progress is { } progress) x = progress.Mark(x, layer);
            x = GradientCheckpointing && is_grad_enabled() && cache is null
                ? CheckpointedLayer.Run(layers[layer], x, mask, turns, first, filled)
                : layers[layer].Forward(x, mask, turns, cache, first, filled);
            if (stacks)
                x = x.reshape(-1, Config.HiddenSize).index_add(0, imagePositions_T!, deepStack![layer].to(dtype), Scalars.One).view(x.shape);
        }
        if (cache is not null) cache.Length += (int)columns;
        if (filled is not null) return filled.Spread(norm.Forward(x), from).MoveToOuterDisposeScope();
        if (x.shape[1] > columns - from) x = x.narrow(1, from, columns - from);
        return norm.Forward(x).MoveToOuterDisposeScope();

        // for the columns that the cache keeps of layers with a window
        AttentionMask Sliding(long queries) => cache is null ? AttentionMask.Build(mask_BK, queries, dtype, Config.SlidingWindow, branches, images_BK)
            : AttentionMask.Build(cache.SlidingColumns(mask_BK, columns), queries, dtype, Config.SlidingWindow, branches,
                images_BK is null ? null : cache.SlidingColumns(images_BK, columns));
    }

    /// <summary>The rotary frequencies of a pass over texts of that many tokens, [D / 2].</summary>
    internal Tensor RotaryFrequencies(long length) => rotary.Frequencies(length);

    /// <summary>A cache for this decoder.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Columns.</param>
    /// <param name="keepsAll">Layers with a window keep all columns too.</param>
    public KeyValueCache NewCache(int batch, int capacity, bool keepsAll = false) =>
        new(Config, batch, capacity, embedding.Weight.dtype, embedding.Weight.device, keepsAll);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            rotary.Dispose();
            slidingRotary?.Dispose();
        }
        base.Dispose(disposing);
    }

    private Tensor Scaled(Tensor ids) => Config.EmbeddingFactor == 1 ? embedding.Forward(ids) : embedding.Forward(ids).Times(EmbeddingFactor);

    // each run of image tokens in a row is an image; one that the cache holds is not continued
    private static Tensor ImageNumbers(Tensor imagePositions_T, long rows, long columns, long keys)
    {
        Tensor isImage_BL = zeros([rows * columns], ScalarType.Int64, imagePositions_T.device).index_fill_(0, imagePositions_T, Scalars.One)
            .view(rows, columns);
        Tensor before_BL = nn.functional.pad(isImage_BL.narrow(1, 0, columns - 1), [1, 0]);
        Tensor numbers_BL = isImage_BL.mul(before_BL.neg().Plus(1)).cumsum(1).mul_(isImage_BL);
        return keys == columns ? numbers_BL : nn.functional.pad(numbers_BL, [keys - columns, 0]);
    }
}
