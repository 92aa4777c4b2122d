using SafeRlhfV.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Parameters with shapes and without memory, to count what a model would have.</summary>
internal sealed class MetaParameterSource : ParameterSource
{
    /// <inheritdoc/>
    public override ScalarType Dtype => ScalarType.Float32;

    /// <inheritdoc/>
    public override Device Device => META;

    /// <inheritdoc/>
    public override bool PackProjections => false;

    /// <inheritdoc/>
    public override Parameter Take(string name, ParameterKind kind, params long[] shape)
    {
        Parameter parameter = new(empty(shape, ScalarType.Float32, META), false);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
