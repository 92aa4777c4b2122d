using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Models, heads, adapters and data as recipes name them.</summary>
internal static class RecipeModels
{
    /// <summary>The name of the adapter that is trained.</summary>
    public const string Trained = "trained";

    /// <summary>A whole model; no weight wants a gradient until a role says so.</summary>
    /// <exception cref="InvalidInputException">The folder holds no whole model, or there is no such device.</exception>
    public static VisionLanguageModel Load(string folder, WeightType? dtype, string device)
    {
        LoadOptions options = new LoadOptions { RequiresGradient = false }.WithDevice(device);
        return ModelCheckpoint.Load(folder, options with { Dtype = TrainingType.Of(dtype, Stored(folder), device) });
    }

    /// <summary>What a person should know of the type that a model is loaded in; null = nothing.</summary>
    public static string? TypeRemark(string folder, WeightType? dtype, string device) => TrainingType.Remark(folder, dtype, Stored(folder), device);

    /// <summary>Training starts from whole models.</summary>
    /// <exception cref="InvalidInputException">The folder holds an adapter.</exception>
    public static void CheckWhole(string folder)
    {
        if (IsAdapter(folder))
            throw new InvalidInputException($"{folder}: holds an adapter, and training starts from a whole model; merge it first: safe-rlhf-v model merge.");
    }

    /// <summary>A model that is to be trained may not ask for dropout; said before its weights are read.</summary>
    /// <exception cref="InvalidInputException">It does.</exception>
    public static void CheckDropout(string folder, bool visionTower)
    {
        if (File.Exists(Path.Combine(folder, "config.json"))) TrainingDropout.Demand(ModelCheckpoint.ConfigOf(folder), folder, visionTower);
    }

    /// <summary>The recipes of the built-in world name models that the demo makes.</summary>
    /// <exception cref="InvalidInputException">The folder is one of those, and is not there.</exception>
    public static void CheckDemo(string folder)
    {
        if (Directory.Exists(folder) || Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) is not { Length: > 0 } models) return;
        if (Path.GetFileName(models) == "models" && Path.GetDirectoryName(models) is { } demo && Path.GetFileName(demo) == "demo")
            throw new InvalidInputException($"{folder}: no such folder; make it first: safe-rlhf-v demo --out {demo}.");
    }

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool IsAdapter(string folder) => LoraConfig.IsIn(folder);

    /// <summary>Puts the recipe's adapter on a model.</summary>
    /// <returns>Its name; null where all weights are trained.</returns>
    public static string? AddAdapter(VisionLanguageModel model, ModelRecipe recipe, long seed, string name = Trained)
    {
        if (recipe.Lora is not { } lora) return null;
        CreateAdapter(model, name, lora, recipe.Folder, seed);
        return name;
    }

    /// <summary>Puts a new adapter on a model.</summary>
    /// <exception cref="InvalidInputException">Its modules are not there, or lie in the vision tower.</exception>
    public static void CreateAdapter(VisionLanguageModel model, string name, LoraRecipe lora, string folder, long seed)
    {
        model.Adapters.Create(name, lora.ToConfig(Path.GetFullPath(folder)), seed);
        if (!model.Adapters.ChangesTower(name)) return;
        model.Adapters.Remove(name);
        throw new InvalidInputException("model.lora.modules_to_save: names a part of the vision tower, which stays frozen under an adapter (images are encoded "
            + "once); name parts of the language model or the projector.");
    }

    /// <summary>The head that training a score starts from: the folder's own, or a new one where it has none.</summary>
    /// <exception cref="InvalidInputException">The folder's head has another number of outputs, or of heads.</exception>
    public static ScoreHead LoadOrMakeHead(VisionLanguageModel model, string folder, ModelKind kind, long seed, string name, int heads)
    {
        Tensor like = model.Decoder.Embedding.Weight;
        int outputs = ModelKinds.Outputs(kind);
        ScoreHead made = ScoreHead.Create(model.HiddenSize, outputs, seed, name, dtype: like.dtype, device: like.device, kind: kind, heads: heads);
        if (!ScoreHead.IsIn(folder)) return made;
        using ScoreHead own = ScoreHead.Load(folder, model.HiddenSize, like.dtype, like.device);
        if (own.Outputs == outputs && own.Heads == heads)
        {
            using (no_grad()) made.Weight.copy_(own.Weight);
            return made;
        }
        made.Dispose();
        throw new InvalidInputException(own.Outputs != outputs
            ? $"{folder}: its score head has {own.Outputs} output{(own.Outputs == 1 ? "" : "s")}, and {ModelKinds.Name(kind)} has "
                + $"{outputs}; start from the policy below it."
            : $"{folder}: its score has {own.Heads} head{(own.Heads == 1 ? "" : "s")}, and training.heads is {heads}; set training.heads: {own.Heads}, or "
                + "start from the policy below it.");
    }

    /// <summary>Opens a data set.</summary>
    public static TrainingData Open(DataRecipe recipe, ModelProcessor processor, VisionCache cache) =>
        new(PreferenceDataset.Open(recipe.Folder), processor, cache, recipe.Split, recipe.Config, LabelWords.ReadCategories(recipe.Categories));

    /// <summary>Saves the adapter, or the whole model where there is none.</summary>
    public static void Save(VisionLanguageModel model, string? adapter, string folder)
    {
        if (adapter is null) ModelCheckpoint.Save(model, folder, new SaveOptions { Overwrite = true });
        else model.Adapters[adapter].Save(folder, overwrite: true);
    }

    private static ScalarType Stored(string folder)
    {
        CheckWhole(folder);
        return ModelCheckpoint.StoredType(folder);
    }
}
