using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-OneVision: SigLIP tower, projector, Qwen2 decoder. Large grids of tiles are shrunk; one of several images is one tile.</summary>
public sealed class OneVisionModel : LlavaModelBase
{
    private readonly OneVisionConfig config;
    private readonly SiglipTower tower;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, ...).</summary>
    public OneVisionModel(OneVisionConfig config, ParameterSource source)
        : this(config, source, new SiglipTower(source.At("vision_tower.vision_model"), config.Vision)) { }

    private OneVisionModel(OneVisionConfig config, ParameterSource source, SiglipTower tower)
        : base(nameof(OneVisionModel), config, source, tower,
            new LlavaProjector(source.At("multi_modal_projector"), config.Vision.HiddenSize * config.FeatureStates.Count, config.Text.HiddenSize,
                config.ProjectorActivation, config.ProjectorBias),
            hasNewline: true) => (this.config, this.tower) = (config, tower);

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = tower.Forward(images.PixelValues, config.FeatureStates);
        Tensor features = states.Count == 1 ? states[0] : cat([.. states], -1);
        return new VisionFeatures(features.MoveToOuterDisposeScope(), [], images.Images);
    }

    private protected override Tensor Pack(Tensor projected_RPH, IReadOnlyList<ImageGeometry> images) =>
        TilePacking.Pack(projected_RPH, images, Newline_H!, config.Tiles);
}
