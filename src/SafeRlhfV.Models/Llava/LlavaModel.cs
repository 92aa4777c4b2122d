using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-1.5 and LLaVA-NeXT: CLIP tower, projector, Llama or Mistral decoder. NeXT adds tiles, unpadding and a newline vector.</summary>
public sealed class LlavaModel : VisionLanguageModel
{
    private readonly ModuleGroup language;
    private readonly ClipTower tower;
    private readonly LlavaProjector projector;
    private readonly TextDecoder decoder;
    private readonly LinearLayer head;
    private readonly Parameter? newline;
    private LlavaConfig config;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, ...).</summary>
    public LlavaModel(LlavaConfig config, ParameterSource source) : base(nameof(LlavaModel))
    {
        this.config = config;
        tower = new(source.At("vision_tower.vision_model"), config.Vision);
        projector = new(source.At("multi_modal_projector"), config);
        decoder = new(source.At("language_model.model"), config.Text);
        head = config.TieWordEmbeddings ? new(decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("language_model.lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        language = config.TieWordEmbeddings ? new ModuleGroup(("model", decoder)) : new ModuleGroup(("model", decoder), ("lm_head", head));
        register_module("vision_tower", new ModuleGroup(("vision_model", tower)));
        register_module("multi_modal_projector", projector);
        register_module("language_model", language);
        if (config.GridPinpoints.Count == 0) return;
        newline = source.Take("image_newline", ParameterKind.Token, config.Text.HiddenSize);
        register_parameter("image_newline", newline);
    }

    /// <inheritdoc/>
    public override ModelConfig Config => config;

    /// <inheritdoc/>
    public override TextDecoder Decoder => decoder;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.parameters();

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = tower.Forward(images.PixelValues, config.FeatureStates);
        Tensor features = states.Count == 1 ? states[0] : cat([.. states], -1);
        if (!config.KeepClassToken) features = features.narrow(1, 1, features.shape[1] - 1);
        return new VisionFeatures(features.MoveToOuterDisposeScope(), [], images.Images);
    }

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor projected_RPH = projector.Forward(features.Hidden);
        Tensor tokens_TH = newline is null ? projected_RPH.reshape(-1, HiddenSize) : PackTiles(projected_RPH, features.Images);
        return new ImageEmbeddings(tokens_TH.MoveToOuterDisposeScope(), [], features.Images);
    }

    /// <inheritdoc/>
    public override (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images)
    {
        Tensor positions = mask_BL.to(ScalarType.Int64).cumsum(1).sub_(Scalars.One).clamp_(min: Scalars.Zero);
        return (positions, zeros([mask_BL.shape[0], 1], ScalarType.Int64, mask_BL.device));
    }

    /// <inheritdoc/>
    public override Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor embeddings, _) = decoder.Embed(inputIds_BL, ImageTokenId, images, strict: cache is null || cache.Length == 0);
        return decoder.Forward(embeddings, mask_BL, positions, cache, from: from, branches: branches).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "language_model.lm_head";

    /// <inheritdoc/>
    public override KeyValueCache NewCache(int batch, int capacity) => decoder.NewCache(batch, capacity);

    /// <inheritdoc/>
    public override void Untie()
    {
        if (!config.TieWordEmbeddings) return;
        head.Untie();
        language.register_module("lm_head", head);
        config = config with { TieWordEmbeddings = false };
    }

    // per image: the whole image's tile, then the grid of all other tiles without padding, each row ended by the newline vector
    private Tensor PackTiles(Tensor projected_RPH, IReadOnlyList<ImageGeometry> images)
    {
        int side = config.Vision.GridSize, tile = config.Vision.ImageSize;
        if (images.Sum(image => (long)image.Rows) != projected_RPH.shape[0])
            throw new ArgumentException($"The images have {images.Sum(image => (long)image.Rows)} tiles, the features {projected_RPH.shape[0]}.",
                nameof(images));
        List<Tensor> parts = [];
        long at = 0;
        foreach (ImageGeometry image in images)
        {
            (int bestHeight, int bestWidth) = AnyResolution.BestResolution(image.Height, image.Width, config.GridPinpoints);
            (int down, int across) = (bestHeight / tile, bestWidth / tile);
            if (image.Rows < 1 + down * across)
                throw new ArgumentException($"An image of {image.Width} x {image.Height} needs {1 + down * across} tiles, not {image.Rows}.", nameof(images));
            parts.Add(projected_RPH[at]);
            (int top, int rows, int left, int columns) = AnyResolution.Unpad(image.Height, image.Width, side * down, side * across);
            Tensor grid = projected_RPH.narrow(0, at + 1, down * across).view(down, across, side, side, HiddenSize).permute(0, 2, 1, 3, 4)
                .reshape(side * down, side * across, HiddenSize).narrow(0, top, rows).narrow(1, left, columns);
            parts.Add(cat([grid, newline!.view(1, 1, -1).expand(rows, 1, HiddenSize)], 1).reshape(-1, HiddenSize));
            at += image.Rows;
        }
        return cat([.. parts], 0);
    }
}
