using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Cosines and sines by position, computed once and kept; a pass picks its rows. Frequencies follow transformers' `modeling_rope_utils`
/// (default, linear, dynamic NTK, llama3, yarn), in float32 as there.
/// </summary>
public sealed class RotaryTable : IDisposable
{
    private readonly RopeConfig config;
    private readonly int headSize;
    private readonly Lock gate = new();
    private Table? whole;
    private Table[]? axes;

    /// <summary>A table for heads of the given size.</summary>
    public RotaryTable(RopeConfig config, int headSize) => (this.config, this.headSize) = (config, headSize);

    /// <summary>Angles of positions [B, L], or [3, B, L] (time, height, width) with M-RoPE.</summary>
    /// <param name="positions">Positions, int64, all below <paramref name="length"/>.</param>
    /// <param name="length">A bound on the positions; the columns of the pass (cached ones too) are one.</param>
    /// <param name="dtype">Type of the result.</param>
    public RotaryAngles Select(Tensor positions, long length, ScalarType dtype)
    {
        bool several = positions.dim() == 3;
        if (several && config.Axes is null) throw new ArgumentException("Positions on three axes need a model with M-RoPE.", nameof(positions));
        // dynamic frequencies are the plain ones up to the pretraining's length; beyond it they belong to the longest text of the pass
        if (config.Type == "dynamic" && length > config.OriginalMaxPositions) length = positions.max().item<long>() + 1;
        lock (gate)
        {
            Prepare(length, positions.device, dtype);
            return several ? SelectAxes(positions) : Pick(whole!, positions);
        }
    }

    /// <summary>The frequencies of a pass over texts of that many tokens, [D / 2].</summary>
    internal Tensor Frequencies(long length) => Frequencies(length, CPU).Frequencies;

    /// <inheritdoc/>
    public void Dispose() => Drop();

    private RotaryAngles SelectAxes(Tensor positions_3BL)
    {
        RotaryAngles sum = Pick(axes![0], positions_3BL[0]);
        for (int axis = 1; axis < 3; axis++)
        {
            RotaryAngles next = Pick(axes[axis], positions_3BL[axis]);
            sum = new(sum.Cosine_BL1D.Plus_(next.Cosine_BL1D), sum.SignedSine_BL1D.Plus_(next.SignedSine_BL1D));
        }
        return sum;
    }

    private static RotaryAngles Pick(Table table, Tensor positions_BL)
    {
        long rows = positions_BL.shape[0], columns = positions_BL.shape[1];
        Tensor flat = positions_BL.reshape(-1);
        return new(table.Cosine.index_select(0, flat).view(rows, columns, 1, -1), table.Sine.index_select(0, flat).view(rows, columns, 1, -1));
    }

    private void Prepare(long length, Device device, ScalarType dtype)
    {
        bool stretched = config.Type == "dynamic" && length > config.OriginalMaxPositions;
        if (whole is { } kept && kept.Dtype == dtype && kept.Device.ToString() == device.ToString() && kept.IsStretched == stretched
            && (stretched ? kept.Length == length : kept.Length >= length)) return;
        Drop();
        // room to grow, so that decoding does not compute it anew at every step; stretched frequencies belong to one length
        long rows = stretched ? length : Math.Max(256, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)length));
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        (Tensor frequencies, double scale) = Frequencies(length, device);
        Tensor angles = outer(Scalars.Range(rows, ScalarType.Float32, device), frequencies);
        Tensor cosine = angles.cos().Times_(scale), sine = angles.sin().Times_(scale);
        whole = new Table(cat([cosine, cosine], 1), cat([sine.neg(), sine], 1), dtype, rows) { IsStretched = stretched };
        if (config.Axes is null) return;
        axes = new Table[3];
        for (int axis = 0; axis < 3; axis++)
        {
            Tensor belongs = tensor(config.Axes.Select(other => other == axis ? 1f : 0f).ToArray(), device: device);
            Tensor cosineOf = cosine * belongs, sineOf = sine * belongs;
            axes[axis] = new Table(cat([cosineOf, cosineOf], 1), cat([sineOf.neg(), sineOf], 1), dtype, rows);
        }
    }

    private (Tensor Frequencies, double Scale) Frequencies(long length, Device device)
    {
        double theta = config.Theta;
        if (config.Type == "dynamic" && length > config.OriginalMaxPositions)
            theta *= Math.Pow(config.Factor * length / config.OriginalMaxPositions - (config.Factor - 1), headSize / (headSize - 2.0));
        Tensor plain = Frequencies(theta, headSize, device);
        return config.Type switch
        {
            "linear" => (plain.Over(config.Factor), 1),
            "llama3" => (Llama3(plain), 1),
            "yarn" => (Yarn(plain, device), YarnScale()),
            _ => (plain, 1),
        };
    }

    private Tensor Llama3(Tensor plain)
    {
        double old = config.OriginalMaxPositions, low = config.LowFrequencyFactor, high = config.HighFrequencyFactor;
        Tensor wave = plain.reciprocal().Times(2 * Math.PI);
        Tensor divided = where(wave.GreaterThan(old / low), plain.Over(config.Factor), plain);
        Tensor smooth = wave.reciprocal().Times(old).Minus(low).Over(high - low);
        Tensor blended = ((smooth.neg().Plus(1) * divided).Over(config.Factor)).Plus(smooth * divided);
        using Scalar shortest = old / high;
        return where(wave.ge(shortest).logical_and(wave.AtMost(old / low)), blended, divided);
    }

    private Tensor Yarn(Tensor plain, Device device)
    {
        double low = Correction(config.BetaFast), high = Correction(config.BetaSlow);
        if (config.Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, headSize - 1));
        if (low == high) high += 0.001;
        Tensor keep = Scalars.Range(headSize / 2, ScalarType.Float32, device).Minus(low).Over(high - low).clamp(Scalars.Zero, Scalars.One).neg().Plus(1);
        return (plain.Over(config.Factor) * keep.neg().Plus(1)).Plus(plain * keep);
    }

    /// <summary>One over theta to the powers 0, 2/n, 4/n, ... of a head of n numbers: [n / 2].</summary>
    internal static Tensor Frequencies(double theta, int headSize, Device device)
    {
        using Scalar end = headSize;
        return tensor((float)theta, device: device).pow(arange(Scalars.Zero, end, Scalars.Two, ScalarType.Float32, device).Over(headSize)).reciprocal();
    }

    private double Correction(double turns) => headSize * Math.Log(config.OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(config.Theta));

    private double YarnScale()
    {
        double Of(double scale) => config.Factor <= 1 ? 1 : 0.1 * scale * Math.Log(config.Factor) + 1;
        return config.AttentionFactor ?? (config.YarnScales is { } scales ? Of(scales.Scale) / Of(scales.ScaleAllDimensions) : Of(1));
    }

    private void Drop()
    {
        whole?.Dispose();
        foreach (Table table in axes ?? []) table.Dispose();
        (whole, axes) = (null, null);
    }

    private sealed class Table(Tensor cosine, Tensor sine, ScalarType dtype, long length) : IDisposable
    {
        public Tensor Cosine { get; } = cosine.to(dtype).DetachFromDisposeScope();

        public Tensor Sine { get; } = sine.to(dtype).DetachFromDisposeScope();

        public ScalarType Dtype => dtype;

        public Device Device => Cosine.device;

        public long Length => length;

        public bool IsStretched { get; init; }

        public void Dispose()
        {
            Cosine.Dispose();
            Sine.Dispose();
        }
    }
}
