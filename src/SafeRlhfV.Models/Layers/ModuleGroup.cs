using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Modules under a common name, where checkpoints have a level that the code does not need.</summary>
public sealed class ModuleGroup : NamedModule
{
    /// <summary>Registers the modules under their names.</summary>
    public ModuleGroup(params (string Name, nn.Module Module)[] modules) : base(nameof(ModuleGroup))
    {
        foreach ((string name, nn.Module module) in modules) register_module(name, module);
    }

    /// <summary>Registers a parameter, then the modules.</summary>
    public ModuleGroup(string name, Parameter parameter, params (string Name, nn.Module Module)[] modules)
        : this(modules) => register_parameter(name, parameter);
}
