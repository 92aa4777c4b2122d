using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Parameters from a checkpoint's files. Names that are missing or have another shape are gathered, so that one error can name them all.</summary>
internal sealed class CheckpointSource : ParameterSource
{
    private readonly CheckpointTensors tensors;
    private readonly Dictionary<string, string> keys;
    private readonly LoadOptions options;
    private readonly bool copy;

    public CheckpointSource(CheckpointTensors tensors, Dictionary<string, string> keys, LoadOptions options)
    {
        (this.tensors, this.keys, this.options) = (tensors, keys, options);
        Device = options.Device ?? CPU;
        // a checkpoint of mixed types is read in the type of most of its bytes
        Dtype = options.Dtype ?? tensors.TypeOf(keys.Values);
        copy = Device.type != TorchSharp.DeviceType.CPU || tensors.TotalBytes <= options.PackBytes;
        PackProjections = tensors.TotalBytes <= options.PackBytes;
    }

    public override ScalarType Dtype { get; }

    public override Device Device { get; }

    public override bool PackProjections { get; }

    public List<string> Missing { get; } = [];

    public List<string> Misshapen { get; } = [];

    public HashSet<string> Taken { get; } = [];

    public override Parameter Take(string name, ParameterKind kind, params long[] shape)
    {
        if (!keys.TryGetValue(name, out string? key))
        {
            Missing.Add(name);
            return Placeholder();
        }
        Taken.Add(name);
        TensorEntry entry = tensors.Entry(key);
        if (!entry.Shape.SequenceEqual(shape))
        {
            Misshapen.Add($"{key} is [{string.Join(", ", entry.Shape)}], [{string.Join(", ", shape)}] is needed");
            return Placeholder();
        }
        if (!SafetensorsTypes.IsWeight(entry.Dtype))
        {
            Misshapen.Add($"{key} is {SafetensorsTypes.Name(entry.Dtype)}, a floating-point type is needed (quantised weights are not supported)");
            return Placeholder();
        }
        Tensor value;
        if (!copy && entry.Dtype == Dtype) value = tensors.FileOf(key).Read(key);
        else
        {
            value = empty(shape, Dtype, Device);
            tensors.FileOf(key).ReadInto(key, value);
        }
        Parameter parameter = new(value, options.RequiresGradient);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private Parameter Placeholder()
    {
        Parameter parameter = new(empty(0, Dtype), false);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
