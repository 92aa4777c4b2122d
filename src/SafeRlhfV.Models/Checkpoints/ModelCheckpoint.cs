using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Loads and saves models as Hugging Face checkpoint folders.</summary>
public static class ModelCheckpoint
{
    internal const int NamesInAnError = 6;

    /// <summary>Hears what a person should know of a checkpoint that is read all the same, in one line, each time it is read.</summary>
    public static event Action<string>? Noticed;

    /// <summary>Loads a checkpoint folder of any known family, in evaluation mode (training mode matters to LoRA dropout only).</summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, tensors are missing, unused or of a wrong shape (they are named).</exception>
    public static VisionLanguageModel Load(string folder, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        ModelConfig config = ModelConfig.Load(folder);
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        (config, KeyLayout layout, Dictionary<string, string> keys) = CheckpointNames.Of(folder, config, tensors);
        CheckpointSource source = new(tensors, keys, options);
        VisionLanguageModel model = ModelFamilies.Find(config.ModelType)!.Create(config, source);
        try
        {
            List<string> unused = [.. keys.Where(pair => !source.Taken.Contains(pair.Key)).Select(pair => pair.Value)];
            Complain(folder, "lacks", [.. source.Missing.Select(layout.ToFile)]);
            Complain(folder, "has tensors of a wrong shape or type:", source.Misshapen);
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

    /// <summary>The type that <see cref="Load"/> gives the weights where the options leave it to the files: that of most bytes.</summary>
    /// <exception cref="InvalidInputException">There are no weights, or they are malformed.</exception>
    public static ScalarType StoredType(string folder)
    {
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        return tensors.TypeOf(tensors.Names);
    }

    /// <summary>
    /// The config of a checkpoint folder as its weights, if it has any, show it: an output layer among them is used, whatever config.json says.
    /// </summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or names and config do not belong together.</exception>
    public static ModelConfig ConfigOf(string folder)
    {
        ModelConfig config = ModelConfig.Load(folder);
        if (!config.TieWordEmbeddings || !CheckpointTensors.AreIn(folder)) return config;
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        return CheckpointNames.Of(folder, config, tensors).Config;
    }

    /// <summary>
    /// Saves a model as a folder: config.json, weights under the key names they came with, and the tokenizer, processor and generation files of the folder
    /// the model came from. The folder is written aside, flushed and renamed.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder exists (without <see cref="SaveOptions.Overwrite"/>) or cannot be written.</exception>
    public static void Save(VisionLanguageModel model, string folder, SaveOptions? options = null) => SaveWith(model, folder, options, null);

    /// <summary>
    /// Saves a model, lets <paramref name="more"/> add files to the folder before it is put in place, and writes <paramref name="extra"/> tensors among the
    /// weights as they are.
    /// </summary>
    internal static void SaveWith(VisionLanguageModel model, string folder, SaveOptions? options, Action<string>? more,
        IReadOnlyDictionary<string, Tensor>? extra = null)
    {
        options ??= new SaveOptions();
        AtomicFolder.Write(folder, options.Overwrite, aside =>
        {
            ModelFamily family = ModelFamilies.Find(model.Config.ModelType)!;
            KeyLayout layout = options.Layout is { } name ? family.Layout(name) : model.Origin?.Layout ?? family.Layouts[0];
            List<(string Name, Parameter Parameter)> parameters = [.. model.named_parameters()];
            ScalarType dtype = options.Dtype ?? parameters[0].Parameter.dtype;
            File.WriteAllText(Path.Combine(aside, "config.json"), model.Config.ToJson(dtype));
            IEnumerable<PendingTensor> weights = parameters.Select(pair => PendingTensor.Of(layout.ToFile(pair.Name), pair.Parameter, dtype));
            ShardedWriter.Write(aside, [.. weights,
                .. (extra ?? new Dictionary<string, Tensor>()).Select(pair => PendingTensor.Of(pair.Key, pair.Value, null))], options.MaxShardBytes);
            if (options.ProcessorFrom is { } processor) CheckpointFolder.CopyCompanions(processor, aside, CheckpointFolder.IsProcessorFile);
            if ((options.FilesFrom ?? model.Origin?.Folder) is { } files)
                CheckpointFolder.CopyCompanions(files, aside, options.ProcessorFrom is null ? null : name => !CheckpointFolder.IsProcessorFile(name));
            more?.Invoke(aside);
        });
    }

    /// <summary>Tells those who listen.</summary>
    internal static void Notice(string text) => Noticed?.Invoke(text);

    private static void Complain(string folder, string what, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        string more = names.Count > NamesInAnError ? $" and {names.Count - NamesInAnError} more" : "";
        throw new InvalidInputException($"{folder}: the checkpoint {what} {string.Join(", ", names.Take(NamesInAnError))}{more}; config.json and weights do "
            + "not belong together.");
    }
}
