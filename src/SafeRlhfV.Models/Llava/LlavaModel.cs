using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// LLaVA-1.5, LLaVA-NeXT, LLaVA-OneVision and InternVL: tower, projector, a decoder with plain positions, and for LLaVA's tiled images a newline vector.
/// </summary>
public sealed class LlavaModel : VisionLanguageModel
{
    private readonly ModuleGroup language;
    private readonly VisionTower tower;
    private readonly LlavaProjector projector;
    private readonly TextDecoder decoder;
    private readonly LinearLayer head;
    private readonly Parameter? newline_H;
    private LlavaConfigBase config;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, ...).</summary>
    public LlavaModel(LlavaConfigBase config, ParameterSource source) : base(nameof(LlavaModel))
    {
        this.config = config;
        tower = config.CreateTower(source.At("vision_tower.vision_model"));
        projector = config.CreateProjector(source.At("multi_modal_projector"));
        decoder = new(source.At("language_model.model"), config.Text);
        head = config.TieWordEmbeddings ? new(decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("language_model.lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        language = config.TieWordEmbeddings ? new ModuleGroup(("model", decoder)) : new ModuleGroup(("model", decoder), ("lm_head", head));
        register_module("vision_tower", new ModuleGroup(("vision_model", tower)));
        register_module("multi_modal_projector", projector);
        register_module("language_model", language);
        if (config.Tiles is null) return;
        newline_H = source.Take("image_newline", ParameterKind.Token, config.Text.HiddenSize);
        register_parameter("image_newline", newline_H);
    }

    /// <inheritdoc/>
    public override ModelConfig Config => config;

    /// <inheritdoc/>
    public override TextDecoder Decoder => decoder;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.parameters();

    /// <summary>The tower.</summary>
    internal VisionTower Tower => tower;

    /// <summary>The projector.</summary>
    internal LlavaProjector Projector => projector;

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "language_model.lm_head";

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = tower.Forward(images.PixelValues, config.FeatureStates);
        Tensor features = states.Count == 1 ? states[0] : cat([.. states], -1);
        if (config.DroppedFeatures is > 0 and var dropped) features = features.narrow(1, dropped, features.shape[1] - dropped);
        return new VisionFeatures(features.MoveToOuterDisposeScope(), [], images.Images);
    }

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor projected_RPH = ProjectTiles(features);
        Tensor tokens_TH = config.Tiles is { } tiles ? TilePacking.Pack(projected_RPH, features.Images, newline_H!, tiles)
            : projected_RPH.reshape(-1, HiddenSize);
        return new ImageEmbeddings(tokens_TH.MoveToOuterDisposeScope(), [], features.Images);
    }

    /// <summary>The projector's output before tiles are joined, [rows, features, H].</summary>
    internal Tensor ProjectTiles(VisionFeatures features) => projector.Forward(features.Hidden);

    /// <inheritdoc/>
    public override (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images) =>
        PlainPositions(mask_BL);

    /// <inheritdoc/>
    public override Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor embeddings, _) = decoder.Embed(inputIds_BL, ImageTokenId, images, strict: cache is null || cache.Length == 0);
        return decoder.Forward(embeddings, mask_BL, positions, cache, from: from, branches: branches).MoveToOuterDisposeScope();
    }

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
}
