using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// LLaVA-1.5, LLaVA-NeXT, LLaVA-OneVision and InternVL: tower, projector, a decoder with plain positions, and for LLaVA's tiled images a newline vector.
/// </summary>
public sealed class LlavaModel : TowerModel
{
    private readonly LlavaConfigBase config;
    private readonly Parameter? newline_H;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, ...).</summary>
    public LlavaModel(LlavaConfigBase config, ParameterSource source)
        : this(config, source, config.CreateTower(source.At("vision_tower.vision_model")), config.CreateProjector(source.At("multi_modal_projector")))
    {
    }

    private LlavaModel(LlavaConfigBase config, ParameterSource source, VisionTower tower, LlavaProjector projector)
        : base(nameof(LlavaModel), config, source, tower, projector)
    {
        (this.config, Tower, Projector) = (config, tower, projector);
        if (config.Tiles is null) return;
        newline_H = source.Take("image_newline", ParameterKind.Token, config.Text.HiddenSize);
        register_parameter("image_newline", newline_H);
    }

    /// <summary>The tower.</summary>
    internal VisionTower Tower { get; }

    /// <summary>The projector.</summary>
    internal LlavaProjector Projector { get; }

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = Tower.Forward(images.PixelValues, config.FeatureStates);
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
    internal Tensor ProjectTiles(VisionFeatures features) => Projector.Forward(features.Hidden);
}
