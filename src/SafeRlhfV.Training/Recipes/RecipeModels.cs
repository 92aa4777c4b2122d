using SafeRlhfV.Data;
using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Models, heads, adapters and data as recipes name them.</summary>
internal static class RecipeModels
{
    private const string Trained = "trained";

    /// <summary>A whole model; no weight wants a gradient until a role says so.</summary>
    /// <exception cref="InvalidInputException">The folder holds no whole model, or there is no such device.</exception>
    public static VisionLanguageModel Load(string folder, WeightType? dtype, string device)
    {
        CheckWhole(folder);
        ScalarType? type = dtype switch { WeightType.Float32 => ScalarType.Float32, WeightType.Bfloat16 => ScalarType.BFloat16, _ => null };
        return ModelCheckpoint.Load(folder, new LoadOptions { Dtype = type, RequiresGradient = false }.WithDevice(device));
    }

    /// <summary>Training starts from whole models.</summary>
    /// <exception cref="InvalidInputException">The folder holds an adapter.</exception>
    public static void CheckWhole(string folder)
    {
        if (IsAdapter(folder)) throw new InvalidInputException($"{folder}: holds an adapter, and training starts from a whole model; merge it first: safe-rlhf-v model merge.");
    }

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool IsAdapter(string folder) => File.Exists(Path.Combine(folder, "adapter_config.json"));

    /// <summary>Puts the recipe's adapter on a model.</summary>
    /// <returns>Its name; null where all weights are trained.</returns>
    public static string? AddAdapter(VisionLanguageModel model, ModelRecipe recipe, long seed)
    {
        if (recipe.Lora is not { } lora) return null;
        model.Adapters.Create(Trained, lora.ToConfig(Path.GetFullPath(recipe.Folder)), seed);
        return Trained;
    }

    /// <summary>The head that a folder has, where it is of the wanted kind; else a new one.</summary>
    public static ScoreHead LoadOrMakeHead(VisionLanguageModel model, string folder, int outputs, long seed, string name)
    {
        Tensor like = model.Decoder.Embedding.Weight;
        if (File.Exists(Path.Combine(folder, ScoreHead.FileName)))
        {
            ScoreHead head = ScoreHead.Load(folder, model.HiddenSize, like.dtype, like.device);
            if (head.Outputs == outputs) return head;
            head.Dispose();
        }
        return ScoreHead.Create(model.HiddenSize, outputs, seed, name, dtype: like.dtype, device: like.device);
    }

    /// <summary>Opens a data set.</summary>
    public static TrainingData Open(DataRecipe recipe, ModelProcessor processor, VisionCache cache) =>
        new(PreferenceDataset.Open(recipe.Folder), processor, cache, recipe.Split, recipe.Config);

    /// <summary>Saves the adapter, or the whole model where there is none.</summary>
    public static void Save(VisionLanguageModel model, string? adapter, string folder)
    {
        if (adapter is null) ModelCheckpoint.Save(model, folder, new SaveOptions { Overwrite = true });
        else model.Adapters[adapter].Save(folder, overwrite: true);
    }
}
