using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The model under test, and which check belongs to which kind of case.</summary>
internal sealed class ParityModel : IDisposable
{
    private readonly VisionLanguageModel model;

    public ParityModel(string folder)
    {
        model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32 });
    }

    /// <summary>Runs a case; gives the reason if it is skipped.</summary>
    public string? Run(ParityCase reference, ParityChecks checks)
    {
        switch (reference.Kind)
        {
            case "forward": ParityKinds.Forward(model, reference, checks); return null;
            case "logp": ParityKinds.LogProbs(model, reference, checks); return null;
            case "score": ParityKinds.Scores(model, reference, checks); return null;
            case "greedy": ParityGreedy.Run(model, reference, checks); return null;
            case "loss": ParityLoss.Run(model, reference, checks, Trained()); return null;
            default: return $"cases of kind '{reference.Kind}' are not run here";
        }
    }

    public void Dispose() => model.Dispose();

    // the cases name parameters as the hub does; ours are those names, or become them by the layout of the files
    private Dictionary<string, Parameter> Trained()
    {
        Dictionary<string, Parameter> found = [];
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            found[name] = parameter;
            found.TryAdd(model.Origin!.Layout.ToFile(name), parameter);
        }
        return found;
    }
}
