using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Where modules get their parameters while a model is built: a checkpoint's files, or a random initialisation. No weight exists twice.</summary>
public abstract class ParameterSource
{
    /// <summary>The type that the model's weights will have.</summary>
    public abstract ScalarType Dtype { get; }

    /// <summary>The device that the model's weights will be on.</summary>
    public abstract Device Device { get; }

    /// <summary>Weights that one layer reads together may be laid side by side, so that inference runs one matrix product (small models only).</summary>
    public abstract bool PackProjections { get; }

    /// <summary>One parameter by its canonical name. The caller owns it.</summary>
    /// <param name="name">Canonical name, as in <see cref="KeyLayout"/>.</param>
    /// <param name="kind">What it is, for initialisation.</param>
    /// <param name="shape">Its shape.</param>
    public abstract Parameter Take(string name, ParameterKind kind, params long[] shape);

    /// <summary>The source with a prefix before every name.</summary>
    public ParameterScope At(string prefix) => new(this, prefix);
}
