using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Cosines and sines of a pass's positions, [B, L, 1, D]. The sines of the first half carry the minus of the half turn.</summary>
public readonly record struct RotaryAngles(Tensor Cosine_BL1D, Tensor SignedSine_BL1D)
{
    /// <summary>Those of the columns beginning with one.</summary>
    public RotaryAngles From(long column)
    {
        if (column == 0) return this;
        long left = Cosine_BL1D.shape[1] - column;
        return new(Cosine_BL1D.narrow(1, column, left), SignedSine_BL1D.narrow(1, column, left));
    }

    /// <summary>Turns queries or keys, [B, L, N, D]: x cos + half-turned(x) sin.</summary>
    public Tensor Turn(Tensor x_BLND) => x_BLND.mul(Cosine_BL1D).addcmul_(x_BLND.roll(x_BLND.shape[^1] / 2, -1), SignedSine_BL1D, Scalars.One);
}
