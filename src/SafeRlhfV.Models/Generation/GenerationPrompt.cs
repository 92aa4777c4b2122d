using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Prompts to continue, padded on the left.</summary>
/// <param name="Ids_BL">Token ids, int64, image tokens expanded.</param>
/// <param name="Mask_BL">Valid columns, bool; the last column is valid in every row.</param>
/// <param name="Images">Embeddings of all images, in the order of the text; null without images.</param>
public sealed record GenerationPrompt(Tensor Ids_BL, Tensor Mask_BL, ImageEmbeddings? Images = null)
{
    /// <summary>What the prompts share, so that it is run once; null = each is run whole.</summary>
    public SharedPrompts? Shared { get; init; }
}
