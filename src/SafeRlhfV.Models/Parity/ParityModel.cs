using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The model under test, an adapter on it if the folder is one, and which check belongs to which kind of case.</summary>
internal sealed class ParityModel : IDisposable
{
    private const string AdapterName = "parity";

    private readonly string baseFolder, folder;
    private readonly VisionLanguageModel model;
    private readonly LoraAdapter? adapter;

    public ParityModel(string folder)
    {
        this.folder = folder;
        bool isAdapter = !File.Exists(Path.Combine(folder, "config.json")) && File.Exists(Path.Combine(folder, "adapter_config.json"));
        baseFolder = isAdapter ? LoraConfig.FindBase(folder) : folder;
        model = LoadBase();
        if (!isAdapter) return;
        adapter = model.Adapters.Load(AdapterName, folder);
        model.Adapters.Default = adapter;
    }

    /// <summary>Runs a case; gives the reason if it is skipped.</summary>
    public string? Run(ParityCase reference, ParityChecks checks, Func<ParityTrainingTask, ParityTrainingResult>? trainer,
        Func<string, ParityImageLoading, RgbImage>? images)
    {
        using IDisposable? bare = reference.Field("adapter_enabled")?.GetBoolean() == false ? model.UseAdapter(null) : null;
        switch (reference.Kind)
        {
            case "forward" or "forward-pan-and-scan":
                ParityKinds.Forward(model, reference, checks);
                ParityProcessor.OtherSize(baseFolder, images, reference, checks);
                return null;
            case "logp": ParityKinds.LogProbs(model, reference, checks); return null;
            case "score": ParityKinds.Scores(model, reference, checks); return null;
            case "greedy": ParityGreedy.Run(model, reference, checks); return null;
            case "loss": ParityLoss.Run(model, reference, checks, Trained()); return null;
            case "train": return ParityTraining.Run(baseFolder, trainer, reference, checks);
            case "vision-index" when model.Config is QwenConfig qwen: ParityKinds.VisionIndex(qwen.Vision, reference, checks); return null;
            case "smart-resize": ParityResize.Run(reference, checks); return null;
            case "processor" or "processor-images" or "processor-pad-square" or "processor-pan-and-scan" or "processor-images-pan-and-scan"
                or "processor-double-bos":
                return ParityProcessor.Run(baseFolder, images, reference, checks);
            case "token-counts" when model.Config is OneVisionConfig { Tiles: { } tiles }: ParityTiles.Counts(tiles, reference, checks); return null;
            case "packing" when model.Config is OneVisionConfig { Tiles: { } tiles }: ParityTiles.Packing(tiles, reference, checks); return null;
            case "tile-grid": ParityTiles.Grids(reference, checks); return null;
            case "native-names" when model.Config is InternVlConfig: ParityNames.Run(model, reference, checks); return null;
            case "embedding-scale": ParityGemma.EmbeddingScale(baseFolder, reference, checks); return null;
            case "classify": return ParityProcessor.Classify(baseFolder, model, images, reference, checks);
            case "refusal": return ParityTraining.Refuse(baseFolder, trainer, reference, checks);
            case "lora-merge" or "merged-weight" when adapter is not null: Merge(reference, checks); return null;
            default: return $"cases of kind '{reference.Kind}' are not run here";
        }
    }

    public void Dispose()
    {
        adapter?.Dispose();
        model.Dispose();
    }

    private VisionLanguageModel LoadBase() => ModelCheckpoint.Load(baseFolder, new LoadOptions { Dtype = ScalarType.Float32 });

    private void Merge(ParityCase reference, ParityChecks checks)
    {
        using VisionLanguageModel merged = LoadBase();
        merged.Adapters.Load(AdapterName, folder).Merge();
        merged.Adapters.Remove(AdapterName);
        Dictionary<string, Parameter> weights = Names(merged);
        using IDisposable noGrad = no_grad();
        foreach (string name in reference.TensorNames)
        {
            // merged.<name>, or "weight" of the module that the description names
            string parameter = name.StartsWith("merged.", StringComparison.Ordinal)
                ? name["merged.".Length..]
                : reference.Field("module")!.Value.GetString()!.Split(' ')[0] + ".weight";
            checks.Compare(name, weights[parameter], "weights", 1e-6);
        }
        if (reference.Field("merged_parameter_sums") is not { } sums) return;
        double worst = 0;
        foreach (var property in sums.EnumerateObject())
        {
            Tensor wide = weights[property.Name].to(ScalarType.Float64);
            worst = Math.Max(worst, Math.Abs(wide.sum().item<double>() - property.Value.GetProperty("sum").GetDouble()));
            worst = Math.Max(worst, Math.Abs(wide.abs().sum().item<double>() - property.Value.GetProperty("abs_sum").GetDouble()));
        }
        checks.Add("merged_parameter_sums", worst, 1e-3);
    }

    private Dictionary<string, Parameter> Trained() => adapter is null
        ? Names(model)
        : adapter.NamedParameters.ToDictionary(pair => pair.Key, pair => pair.Parameter);

    // the cases name parameters as the hub does; ours are those names, or become them in one of the family's layouts
    internal static Dictionary<string, Parameter> Names(VisionLanguageModel model)
    {
        Dictionary<string, Parameter> found = [];
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            found.TryAdd(name, parameter);
            foreach (KeyLayout layout in ModelFamilies.Find(model.Config.ModelType)!.Layouts) found.TryAdd(layout.ToFile(name), parameter);
        }
        return found;
    }
}
