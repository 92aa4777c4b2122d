using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Image tokens in the language model's space: T tokens of all images of the batch, in the order in which they stand in the text.</summary>
/// <param name="Tokens_TH">[T, H], put in place of the image tokens' embeddings.</param>
/// <param name="DeepStack">For each of the first text layers, [T, H] to add after it at the image positions (Qwen3-VL); empty elsewhere.</param>
/// <param name="Images">One entry an image, in order.</param>
public sealed record ImageEmbeddings(Tensor Tokens_TH, IReadOnlyList<Tensor> DeepStack, IReadOnlyList<ImageGeometry> Images)
{
    /// <summary>The embeddings of some image tokens, in the order given; the list of images stays as it is.</summary>
    /// <param name="tokens_N">Indices into the T tokens, int64.</param>
    public ImageEmbeddings Take(Tensor tokens_N) => this with
    {
        Tokens_TH = Tokens_TH.index_select(0, tokens_N),
        DeepStack = [.. DeepStack.Select(level => level.index_select(0, tokens_N))],
    };

    /// <summary>The embeddings of a list of images in which some may be repeated.</summary>
    /// <param name="images">Indices into <see cref="Images"/>.</param>
    public ImageEmbeddings Repeat(IReadOnlyList<int> images)
    {
        int[] starts = [.. Images.Select((_, at) => Images.Take(at).Sum(image => image.Tokens))];
        long[] tokens = [.. images.SelectMany(image => Enumerable.Range(starts[image], Images[image].Tokens)).Select(at => (long)at)];
        using Tensor tokens_N = tensor(tokens, device: Tokens_TH.device);
        return Take(tokens_N) with { Images = [.. images.Select(image => Images[image])] };
    }
}
