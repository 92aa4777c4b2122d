using SafeRlhfV.Data;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Loads and saves models as Hugging Face checkpoint folders.</summary>
public static class ModelCheckpoint
{
    private const int NamesInAnError = 6;

    /// <summary>Loads a checkpoint folder of any known family, in evaluation mode (training mode matters to LoRA dropout only).</summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, tensors are missing, unused or of a wrong shape (they are named).</exception>
    public static VisionLanguageModel Load(string folder, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        ModelConfig config = ModelConfig.Load(folder);
        ModelFamily family = ModelFamilies.Find(config.ModelType)!;
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        List<string> fileKeys = [.. tensors.Names.Where(key => !family.IsIgnorable(key))];
        KeyLayout layout = family.Layouts.FirstOrDefault(known => known.Fits(fileKeys)) ?? throw UnknownKeys(folder, family, fileKeys);
        Dictionary<string, string> keys = fileKeys.ToDictionary(key => layout.ToCanonical(key)!);
        CheckpointSource source = new(tensors, keys, options);
        VisionLanguageModel model = family.Create(config, source);
        try
        {
            List<string> unused = [.. keys.Where(pair => !source.Taken.Contains(pair.Key) && !(config.TieWordEmbeddings && pair.Key.EndsWith("lm_head.weight", StringComparison.Ordinal)))
                .Select(pair => pair.Value)];
            Complain(folder, "lacks", [.. source.Missing.Select(layout.ToFile)]);
            Complain(folder, "has tensors of a wrong shape:", source.Misshapen);
            Complain(folder, "has tensors that this model does not use:", unused);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.eval();
        model.Origin = new CheckpointOrigin(Path.GetFullPath(folder), layout);
        return model;
    }

    /// <summary>
    /// Saves a model as a folder: config.json, weights under the key names they came with, and the tokenizer, processor and generation files of the folder
    /// the model came from. The folder is written aside, flushed and renamed.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder exists (without <see cref="SaveOptions.Overwrite"/>) or cannot be written.</exception>
    public static void Save(VisionLanguageModel model, string folder, SaveOptions? options = null) => SaveWith(model, folder, options, null);

    /// <summary>Saves a model and lets <paramref name="more"/> add files to the folder before it is put in place.</summary>
    internal static void SaveWith(VisionLanguageModel model, string folder, SaveOptions? options, Action<string>? more)
    {
        options ??= new SaveOptions();
        CheckpointFolder.Write(folder, options.Overwrite, aside =>
        {
            ModelFamily family = ModelFamilies.Find(model.Config.ModelType)!;
            KeyLayout layout = options.Layout is { } name
                ? family.Layouts.FirstOrDefault(known => known.Name == name) ?? throw new InvalidInputException($"Layout '{name}' is not known for {model.Config.ModelType}; known are {string.Join(", ", family.Layouts.Select(known => known.Name))}.")
                : model.Origin?.Layout ?? family.Layouts[0];
            Dictionary<string, Tensor> weights = [];
            foreach ((string canonical, Parameter parameter) in model.named_parameters()) weights[layout.ToFile(canonical)] = parameter;
            ScalarType dtype = options.Dtype ?? weights.Values.First().dtype;
            File.WriteAllText(Path.Combine(aside, "config.json"), model.Config.ToJson(dtype));
            ShardedWriter.Write(aside, weights, dtype, options.MaxShardBytes);
            if ((options.FilesFrom ?? model.Origin?.Folder) is { } files) CheckpointFolder.CopyCompanions(files, aside);
            more?.Invoke(aside);
        });
    }

    private static void Complain(string folder, string what, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        string more = names.Count > NamesInAnError ? $" and {names.Count - NamesInAnError} more" : "";
        throw new InvalidInputException($"{folder}: the checkpoint {what} {string.Join(", ", names.Take(NamesInAnError))}{more}; config.json and weights do not belong together.");
    }

    private static InvalidInputException UnknownKeys(string folder, ModelFamily family, List<string> fileKeys)
    {
        KeyLayout closest = family.Layouts.MaxBy(layout => fileKeys.Count(key => layout.Fits([key])))!;
        List<string> strange = [.. fileKeys.Where(key => !closest.Fits([key])).Order(StringComparer.Ordinal)];
        return new($"{folder}: the tensor names are of no layout of {family.ModelTypes[0]}: {string.Join(", ", strange.Take(NamesInAnError))}{(strange.Count > NamesInAnError ? $" and {strange.Count - NamesInAnError} more" : "")}.");
    }
}
