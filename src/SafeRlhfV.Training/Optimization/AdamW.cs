using SafeRlhfV.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019), equal to PyTorch's, with its whole state in reach and one fused kernel a step. Parameters in bf16 or fp16 get a float32
/// master copy that the update works on. Parameters without a gradient in a step keep their state and do not age. Weight decay leaves out what
/// <see cref="WeightDecay"/> names. On request the state lies in host memory. Deterministic for a given thread count.
/// </summary>
public sealed class AdamW : IOptimizer
{
    internal const string FileName = "optimizer.safetensors";
    private readonly AdamWOptions options;
    private readonly Slot[] slots;

    /// <summary>Makes the state of the given parameters, all zero.</summary>
    /// <exception cref="ArgumentException">No parameter, or two of one name.</exception>
    public AdamW(IReadOnlyList<(string Name, Parameter Parameter)> parameters, AdamWOptions? options = null)
    {
        if (parameters.Count == 0) throw new ArgumentException("There is no parameter to train.", nameof(parameters));
        if (parameters.GroupBy(one => one.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"Two parameters are called {twice.Key}.", nameof(parameters));
        this.options = options ?? new AdamWOptions();
        using var noGrad = no_grad();
        slots = [.. parameters.Select(one => new Slot(one.Name, one.Parameter, this.options))];
    }

    /// <summary>Steps taken (by the parameter that took most).</summary>
    public long Steps => slots.Max(slot => slot.Age);

    /// <summary>How many numbers are trained.</summary>
    public long ParameterCount => slots.Sum(slot => slot.Parameter.numel());

    /// <summary>What moments and master copies take.</summary>
    public long StateBytes => slots.Sum(slot => slot.Mean.numel() * slot.Mean.element_size() * (slot.Master is null ? 2 : 3));

    /// <summary>Updates every parameter that has a gradient.</summary>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        (Slot Slot, Tensor Gradient)[] ready = [.. WithGradients()];
        foreach ((Slot slot, _) in ready) slot.Age++;
        foreach (IGrouping<(ScalarType, string, double), (Slot Slot, Tensor Gradient)> group in ready.GroupBy(one =>
            (one.Slot.Target.dtype, one.Slot.Parameter.device.ToString(), one.Slot.Decay)))
            foreach ((Slot Slot, Tensor Gradient)[] part in Parts(group)) Update(part, learningRate);
    }

    /// <summary>Drops all gradients.</summary>
    public void ZeroGrad()
    {
        foreach (Slot slot in slots) slot.Parameter.grad = null;
    }

    /// <summary>
    /// Scales all gradients so that their common 2-norm is at most <paramref name="max"/>; a norm that is not finite leaves them as they are, for the caller to
    /// look at before it steps.
    /// </summary>
    /// <returns>The norm before scaling.</returns>
    public double ClipGradientNorm(double max)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor[][] groups = [.. WithGradients().GroupBy(one => (one.Gradient.dtype, one.Gradient.device.ToString()))
            .Select(group => group.Select(one => one.Gradient).ToArray())];
        double[] norms = [.. groups.Select(AdamWKernels.Norm)];
        double norm = norms.Length == 1 ? norms[0] : Math.Sqrt(norms.Sum(part => part * part));
        double factor = max / (norm + 1e-6);
        if (double.IsFinite(norm) && factor < 1)
            foreach (Tensor[] group in groups) AdamWKernels.Scale(group, factor);
        return norm;
    }

    /// <summary>
    /// The live state by name: <c>name.exp_avg</c>, <c>name.exp_avg_sq</c>, <c>name.step</c> (a float64 scalar, made new) and, for half precisions,
    /// <c>name.master</c>. Write it out; do not change it.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        Dictionary<string, Tensor> state = [];
        foreach (Slot slot in slots)
        {
            foreach ((string key, Tensor value) in slot.Tensors) state.Add(key, value);
            state.Add($"{slot.Name}.step", tensor((double)slot.Age));
        }
        return state;
    }

    /// <summary>Takes over a saved state.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing, is one too many, or has another shape. Nothing is changed then.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        CheckState(
            slots.SelectMany(slot => slot.Tensors.Select(one => (one.Key, one.Value.shape))), slots.Select(slot => $"{slot.Name}.step"),
            state.ToDictionary(one => one.Key, one => (IReadOnlyList<long>)one.Value.shape));
        foreach (Slot slot in slots)
        {
            foreach ((string key, Tensor value) in slot.Tensors) value.copy_(state[key]);
            slot.Age = (long)state[$"{slot.Name}.step"].to(ScalarType.Float64).item<double>();
        }
    }

    /// <summary>Looks whether a saved state is one of these parameters.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing, is one too many, or has another shape.</exception>
    internal static void CheckState(
        IEnumerable<(string Key, long[] Shape)> tensors, IEnumerable<string> steps, IReadOnlyDictionary<string, IReadOnlyList<long>> found)
    {
        (string Key, long[] Shape)[] wanted = [.. tensors];
        HashSet<string> names = [.. wanted.Select(one => one.Key), .. steps];
        if (names.Except(found.Keys).FirstOrDefault() is { } missing)
            throw new InvalidInputException($"The optimizer's state lacks {missing}: it belongs to another model or recipe.");
        if (found.Keys.Except(names).FirstOrDefault() is { } extra)
            throw new InvalidInputException($"The optimizer's state has {extra}, which nothing here trains: it belongs to another model or recipe.");
        foreach ((string key, long[] shape) in wanted)
            if (!shape.SequenceEqual(found[key]))
                throw new InvalidInputException(
                    $"The optimizer's state {key} is [{string.Join(", ", found[key])}], but [{string.Join(", ", shape)}] is needed.");
    }

    /// <summary>The names of a parameter's tensors in a state, without its step.</summary>
    internal static IEnumerable<string> KeysOf(string name, ScalarType dtype) =>
        IsHalf(dtype) ? [$"{name}.exp_avg", $"{name}.exp_avg_sq", $"{name}.master"] : [$"{name}.exp_avg", $"{name}.exp_avg_sq"];

    /// <inheritdoc/>
    public void Save(string folder)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(Path.Combine(folder, FileName), State());
    }

    /// <inheritdoc/>
    public void Load(string folder)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        Load(file.Entries.Keys.ToDictionary(name => name, file.Read));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Slot slot in slots)
            foreach ((_, Tensor value) in slot.Tensors) value.Dispose();
    }

    // what lies in host memory comes to the device for its update, and goes back
    private void Update((Slot Slot, Tensor Gradient)[] part, double learningRate)
    {
        using var scope = NewDisposeScope();
        Device place = part[0].Slot.Parameter.device;
        Tensor[] Near(Func<Slot, Tensor> of) =>
            [.. part.Select(one => of(one.Slot)).Select(state => state.device_type == place.type ? state : state.to(place))];
        Tensor[] targets = Near(slot => slot.Target), means = Near(slot => slot.Mean), squares = Near(slot => slot.Square);
        // one counter serves all parameters of an age: the kernel only reads it
        Dictionary<long, Tensor> counters = [];
        AdamWKernels.Step(targets, [.. part.Select(one => one.Gradient.to(one.Slot.Target.dtype))], means, squares,
            [.. part.Select(one => Counter(counters, one.Slot))], learningRate, part[0].Slot.Decay, options);
        for (int i = 0; i < part.Length; i++)
        {
            Slot slot = part[i].Slot;
            if (slot.Master is not null) slot.Parameter.copy_(targets[i]);
            foreach ((Tensor state, Tensor near) in ((Tensor, Tensor)[])[(slot.Target, targets[i]), (slot.Mean, means[i]), (slot.Square, squares[i])])
                if (!ReferenceEquals(state, near)) state.copy_(near);
        }
    }

    private IEnumerable<(Slot Slot, Tensor Gradient)[]> Parts(IEnumerable<(Slot Slot, Tensor Gradient)> all) => options.Offload
        ? Training.Steps.Cut(all.Select(one => (One: one, Bytes: one.Slot.Tensors.Sum(state => state.Value.numel() * state.Value.element_size()))),
            (part, next) => part.Sum(one => one.Bytes) + next.Bytes <= options.PartBytes)
            .Select(part => part.Select(sized => sized.One).ToArray())
        : [[.. all]];

    private IEnumerable<(Slot Slot, Tensor Gradient)> WithGradients()
    {
        foreach (Slot slot in slots)
            if (slot.Parameter.grad is { } gradient) yield return (slot, gradient);
    }

    private static bool IsHalf(ScalarType dtype) => dtype is ScalarType.BFloat16 or ScalarType.Float16;

    private static Tensor Counter(Dictionary<long, Tensor> counters, Slot slot)
    {
        if (!counters.TryGetValue(slot.Age, out Tensor? counter)) counters.Add(slot.Age, counter = tensor((float)slot.Age, device: slot.Parameter.device));
        return counter;
    }

    private sealed class Slot
    {
        public Slot(string name, Parameter parameter, AdamWOptions options)
        {
            (Name, Parameter) = (name, parameter);
            Decay = options.DecayNormsAndBiases || Training.WeightDecay.AppliesTo(name) ? options.WeightDecay : 0;
            Device place = options.Offload ? CPU : parameter.device;
            if (IsHalf(parameter.dtype)) Master = parameter.detach().to(ScalarType.Float32).to(place).DetachFromDisposeScope();
            Mean = zeros_like(Target, device: place).requires_grad_(false).DetachFromDisposeScope();
            Square = zeros_like(Target, device: place).requires_grad_(false).DetachFromDisposeScope();
        }

        public string Name { get; }
        public Parameter Parameter { get; }
        public Tensor Mean { get; }
        public Tensor Square { get; }
        public Tensor? Master { get; }
        public double Decay { get; }
        public long Age { get; set; }

        /// <summary>What the update changes.</summary>
        public Tensor Target => Master ?? Parameter;

        public IEnumerable<KeyValuePair<string, Tensor>> Tensors
        {
            get
            {
                yield return new($"{Name}.exp_avg", Mean);
                yield return new($"{Name}.exp_avg_sq", Square);
                if (Master is not null) yield return new($"{Name}.master", Master);
            }
        }
    }
}
