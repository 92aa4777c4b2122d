using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The parameters that a config asks for, found by building its modules without any weights.</summary>
public static class ParameterList
{
    private const long MaxParameters = 200_000_000_000;

    /// <summary>All parameters, in the order in which the modules take them.</summary>
    /// <exception cref="InvalidInputException">The model would be impossibly large.</exception>
    public static IReadOnlyList<ParameterEntry> Of(ModelConfig config)
    {
        // tens of thousands of modules are refused before they are built
        if (config.Text.ParameterCount is < 0 or > MaxParameters) throw TooLarge(config.Text.ParameterCount);
        Recorder recorder = new();
        ModelFamilies.Find(config.ModelType)!.Create(config, recorder).Dispose();
        decimal count = recorder.Entries.Sum(entry => entry.Shape.Aggregate(1m, (product, size) => product * size));
        return count <= MaxParameters ? recorder.Entries : throw TooLarge(count);
    }

    private static InvalidInputException TooLarge(decimal count) => new($"config.json asks for {count:N0} parameters; the most is {MaxParameters:N0}.");

    private sealed class Recorder : ParameterSource
    {
        public List<ParameterEntry> Entries { get; } = [];

        public override ScalarType Dtype => ScalarType.Float32;

        public override Device Device => CPU;

        public override bool PackProjections => false;

        public override Parameter Take(string name, ParameterKind kind, params long[] shape)
        {
            Entries.Add(new ParameterEntry(name, kind, shape));
            Parameter placeholder = new(empty(0), false);
            placeholder.DetachFromDisposeScope();
            return placeholder;
        }
    }
}
