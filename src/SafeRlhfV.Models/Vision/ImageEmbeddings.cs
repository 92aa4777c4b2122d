using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Image tokens in the language model's space: T tokens of all images of the batch, in the order in which they stand in the text.</summary>
/// <param name="Tokens_TH">[T, H], put in place of the image tokens' embeddings.</param>
/// <param name="DeepStack">For each of the first text layers, [T, H] to add after it at the image positions (Qwen3-VL); empty elsewhere.</param>
/// <param name="Images">One entry an image, in order.</param>
public sealed record ImageEmbeddings(Tensor Tokens_TH, IReadOnlyList<Tensor> DeepStack, IReadOnlyList<ImageGeometry> Images);
