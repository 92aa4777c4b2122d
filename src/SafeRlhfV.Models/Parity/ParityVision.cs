
namespace SafeRlhfV.Models;

/// <summary>What forward cases hold of a vision tower and of the steps behind it.</summary>
internal static class ParityVision
{
    public static void Run(LlavaModel model, ParityCase reference, ParityChecks checks)
    {
        LlavaConfigBase config = (LlavaConfigBase)model.Config;
        ImageInputs images = reference.Images(model)!;
        if (reference.Has("vision_last_hidden_state"))
            checks.Compare("vision_last_hidden_state", model.Tower.Forward(images.PixelValues, [config.Vision.Layers])[0], "vision_hidden", 1e-4);
        if (reference.Has("pixel_shuffled") && model.Projector is InternVlProjector projector)
            checks.Compare("pixel_shuffled", projector.Shuffle(model.EncodeImages(images).Hidden), "vision_hidden", 1e-4);
        if (reference.Has("position_embeddings") && model.Tower is InternVlTower tower)
            checks.Compare("position_embeddings", tower.PositionsOf((int)images.PixelValues.shape[^1] / config.Vision.PatchSize)!, "position_embeddings", 1e-5);
    }
}
