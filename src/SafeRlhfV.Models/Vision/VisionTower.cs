using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A CLIP, SigLIP or InternViT vision tower, run only as far as the asked features need.</summary>
public abstract class VisionTower : NamedModule
{
    private protected VisionTower(string name) : base(name) { }

    /// <summary>
    /// The hidden states asked for, [rows, features, width] each; blocks past the last of them are not run. State 0 is what enters the first block, state i
    /// what leaves block i, before the norm after the last.
    /// </summary>
    /// <param name="pixels_RCSS">Pixel values, [rows, 3, S, S].</param>
    /// <param name="states">Indices of hidden states, 0 to the number of blocks.</param>
    public abstract IReadOnlyList<Tensor> Forward(Tensor pixels_RCSS, IReadOnlyList<int> states);

    /// <summary>Runs blocks as far as the states asked for need.</summary>
    private protected static IReadOnlyList<Tensor> Run<TBlock>(IReadOnlyList<TBlock> blocks, Func<TBlock, Tensor, Tensor> forward, Tensor x_RPH,
        IReadOnlyList<int> states)
    {
        Dictionary<int, Tensor> found = new() { [0] = x_RPH };
        Tensor x = x_RPH;
        int last = states.Max();
        for (int layer = 0; layer < last; layer++)
        {
            x = forward(blocks[layer], x);
            if (states.Contains(layer + 1)) found[layer + 1] = x;
        }
        return [.. states.Select(state => found[state])];
    }
}
