using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What LLaVA, InternVL and Gemma 3 share: a vision tower, a projector, and a decoder with plain positions, under LLaVA's names.</summary>
public abstract class TowerModel : VisionLanguageModel
{
    private readonly ModuleGroup language;
    private readonly VisionTower tower;
    private readonly TextDecoder decoder;
    private readonly LinearLayer head;

    /// <summary>Takes the decoder's and the output layer's parameters under the hub's names (language_model.*).</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="source">Where the parameters come from.</param>
    /// <param name="tower">The tower, with its parameters.</param>
    /// <param name="projector">The projector, with its parameters.</param>
    private protected TowerModel(string name, ModelConfig config, ParameterSource source, VisionTower tower, NamedModule projector) : base(name, config)
    {
        this.tower = tower;
        decoder = new(source.At("language_model.model"), config.Text);
        head = config.TieWordEmbeddings ? new(decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("language_model.lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        language = config.TieWordEmbeddings ? new ModuleGroup(("model", decoder)) : new ModuleGroup(("model", decoder), ("lm_head", head));
        register_module("vision_tower", new ModuleGroup(("vision_model", tower)));
        register_module("multi_modal_projector", projector);
        register_module("language_model", language);
    }

    /// <inheritdoc/>
    public override TextDecoder Decoder => decoder;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.parameters();

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "language_model.lm_head";

    /// <inheritdoc/>
    protected override nn.Module HeadOwner => language;

    /// <inheritdoc/>
    public override (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images) =>
        PlainPositions(mask_BL);

    /// <inheritdoc/>
    public override Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor embeddings, Tensor? places_T) = decoder.Embed(inputIds_BL, ImageTokenId, images, strict: cache is null || cache.Length == 0);
        return decoder.Forward(embeddings, mask_BL, positions, cache, imagePositions_T: places_T, from: from, branches: branches).MoveToOuterDisposeScope();
    }
}
