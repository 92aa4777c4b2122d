using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// The masks of LoRA dropout, one after the other, from numbers of their own: neither what else draws in this process nor where a run was stopped changes them.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="name">What the masks are for; other names give independent masks.</param>
public sealed class DropoutStream(long seed, string name)
{
    /// <summary>How many masks were drawn; setting it back draws the same ones again.</summary>
    internal long Position { get; set; }

    /// <summary>Goes on with the masks of a pass, as if all passes before it had been run.</summary>
    /// <param name="index">The pass, from 0.</param>
    /// <param name="masks">Masks that a pass draws.</param>
    public void BeginPass(long index, int masks) => Position = index * masks;

    /// <summary>The next mask: bool, true where a number is kept, shaped and placed like <paramref name="like"/>.</summary>
    internal Tensor Next(Tensor like, double rate)
    {
        using Generator generator = new(new RandomStream(seed, $"{name}/{Position++}").NextUInt64() >> 1, like.device);
        return empty(like.shape, ScalarType.Bool, like.device).bernoulli_(1 - rate, generator);
    }
}
