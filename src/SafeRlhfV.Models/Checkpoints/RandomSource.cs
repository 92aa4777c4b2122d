using SafeRlhfV.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Random parameters. Each has its own stream, named after it, so that neither order nor other parts of a model change it.</summary>
internal sealed class RandomSource(Initialization initialization, long seed, ScalarType dtype, Device device, bool pack) : ParameterSource
{
    private const double LayerScale = 0.1;

    private readonly Dictionary<string, long> inputs = [];

    public override ScalarType Dtype => dtype;

    public override Device Device => device;

    public override bool PackProjections => pack;

    public override Parameter Take(string name, ParameterKind kind, params long[] shape)
    {
        Parameter parameter = new(Draw(new ParameterEntry(name, kind, shape)), true);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>
    /// Draws one parameter. A bias is drawn by its weight's number of inputs: the weight comes first, or is announced by <see cref="Learn"/>.
    /// </summary>
    public Tensor Draw(ParameterEntry entry)
    {
        (string name, ParameterKind kind) = (entry.Name, entry.Kind);
        bool tower = name.StartsWith("vision_tower.", StringComparison.Ordinal) || name.StartsWith("visual.", StringComparison.Ordinal)
            || name.StartsWith("model.visual.", StringComparison.Ordinal);
        Learn(entry);
        double bound = inputs.TryGetValue(LayerOf(name), out long count) ? 1 / Math.Sqrt(count) : 0;
        bool defaults = tower && initialization.DefaultTower;
        using IDisposable noGrad = no_grad();
        // drawn in float32 on the CPU, so that type and device do not change the numbers
        Tensor value = empty([.. entry.Shape], ScalarType.Float32);
        using (Generator generator = new(new RandomStream(seed, name).NextUInt64() >> 1))
            _ = kind switch
            {
                ParameterKind.NormWeight => value.fill_(Scalars.One),
                ParameterKind.NormBias => value.zero_(),
                ParameterKind.LayerScale => value.fill_(Scalars.One).Times_(LayerScale),
                ParameterKind.LinearBias when defaults || (!tower && initialization.DefaultBiases) => value.uniform_(-bound, bound, generator),
                ParameterKind.LinearBias => value.zero_(),
                ParameterKind.Token => value.normal_(0, initialization.TokenDeviation, generator),
                ParameterKind.LinearWeight or ParameterKind.ConvolutionWeight when defaults => value.uniform_(-bound, bound, generator),
                _ => value.normal_(0, initialization.Deviation, generator),
            };
        Tensor placed = value.to(dtype, device);
        if (!ReferenceEquals(placed, value) && placed.Handle != value.Handle) value.Dispose();
        return placed;
    }

    /// <summary>Notes a weight's number of inputs.</summary>
    public void Learn(ParameterEntry entry)
    {
        if (entry.Kind is ParameterKind.LinearWeight or ParameterKind.ConvolutionWeight) inputs[LayerOf(entry.Name)] = entry.Count / entry.Shape[0];
    }

    private static string LayerOf(string name) => name[..Math.Max(0, name.LastIndexOf('.'))];
}
