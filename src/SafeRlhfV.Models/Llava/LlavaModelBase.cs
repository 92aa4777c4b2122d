using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What LLaVA models share: tower, projector, a decoder with plain positions, and for tiled images a newline vector.</summary>
public abstract class LlavaModelBase : VisionLanguageModel
{
    private readonly ModuleGroup language;
    private readonly NamedModule tower;
    private readonly LlavaProjector projector;
    private readonly TextDecoder decoder;
    private readonly LinearLayer head;
    private ModelConfig config;

    /// <summary>Takes the decoder, the output layer and the newline under the hub's names; tower and projector have been made before.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="source">Where the parameters come from.</param>
    /// <param name="tower">The vision tower.</param>
    /// <param name="projector">The projector.</param>
    /// <param name="hasNewline">The model has a newline vector (image_newline).</param>
    private protected LlavaModelBase(string name, ModelConfig config, ParameterSource source, NamedModule tower, LlavaProjector projector, bool hasNewline)
        : base(name)
    {
        (this.config, this.tower, this.projector) = (config, tower, projector);
        decoder = new(source.At("language_model.model"), config.Text);
        head = config.TieWordEmbeddings ? new(decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("language_model.lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        language = config.TieWordEmbeddings ? new ModuleGroup(("model", decoder)) : new ModuleGroup(("model", decoder), ("lm_head", head));
        register_module("vision_tower", new ModuleGroup(("vision_model", tower)));
        register_module("multi_modal_projector", projector);
        register_module("language_model", language);
        if (!hasNewline) return;
        Newline_H = source.Take("image_newline", ParameterKind.Token, config.Text.HiddenSize);
        register_parameter("image_newline", Newline_H);
    }

    /// <inheritdoc/>
    public override ModelConfig Config => config;

    /// <inheritdoc/>
    public override TextDecoder Decoder => decoder;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.parameters();

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "language_model.lm_head";

    /// <summary>The vector at the end of a row of image tokens; null = the model has none.</summary>
    protected Parameter? Newline_H { get; }

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor tokens_TH = Pack(ProjectTiles(features), features.Images);
        return new ImageEmbeddings(tokens_TH.MoveToOuterDisposeScope(), [], features.Images);
    }

    /// <summary>The projector's output before tiles are joined, [rows, features, H].</summary>
    internal Tensor ProjectTiles(VisionFeatures features) => projector.Forward(features.Hidden);

    /// <summary>Projected rows of all images → their tokens, [T, H].</summary>
    private protected abstract Tensor Pack(Tensor projected_RPH, IReadOnlyList<ImageGeometry> images);

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
