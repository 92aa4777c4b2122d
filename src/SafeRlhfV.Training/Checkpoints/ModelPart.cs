using SafeRlhfV.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Trained parameters as a part of a run: values and types are kept exactly. What is frozen is not written, for it comes from where the run began.
/// </summary>
public sealed class ModelPart : ITrainingPart
{
    private const string FileName = "parameters.safetensors";
    private readonly IReadOnlyList<(string Name, Parameter Parameter)> parameters;

    /// <summary>Takes the given parameters.</summary>
    public ModelPart(IReadOnlyList<(string Name, Parameter Parameter)> parameters) => this.parameters = parameters;

    /// <summary>Takes the parameters of a module that are trained at this moment; one under two names counts once.</summary>
    public ModelPart(nn.Module module) : this(Trained(module)) { }

    /// <summary>Those parameters of a module that are trained at this moment, by name; what an optimizer and a part of a run take.</summary>
    public static IReadOnlyList<(string Name, Parameter Parameter)> Trained(nn.Module module)
    {
        HashSet<Parameter> met = new(ReferenceEqualityComparer.Instance);
        return [.. module.named_parameters().Where(one => one.parameter.requires_grad && met.Add(one.parameter)).Select(one => (one.name, one.parameter))];
    }

    /// <inheritdoc/>
    public void Save(string folder) =>
        SafetensorsWriter.Write(Path.Combine(folder, FileName), parameters.Select(one => KeyValuePair.Create(one.Name, (Tensor)one.Parameter)));

    /// <inheritdoc/>
    public void Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Entries.Keys.Except(parameters.Select(one => one.Name)).FirstOrDefault() is { } extra)
            throw new InvalidInputException($"{path}: '{extra}' is not trained here; the checkpoint belongs to another model or recipe.");
        foreach ((string name, Parameter parameter) in parameters)
        {
            if (!file.Entries.TryGetValue(name, out TensorEntry? entry))
                throw new InvalidInputException($"{path}: '{name}' is missing; the checkpoint belongs to another model or recipe.");
            if (entry.Dtype != parameter.dtype || !entry.Shape.SequenceEqual(parameter.shape))
                throw new InvalidInputException($"{path}: '{name}' is {entry.Dtype} [{string.Join(", ", entry.Shape)}], but "
                    + $"{parameter.dtype} [{string.Join(", ", parameter.shape)}] is needed; the checkpoint belongs to another model or recipe.");
        }
        foreach ((string name, Parameter parameter) in parameters) file.ReadInto(name, parameter);
    }
}
