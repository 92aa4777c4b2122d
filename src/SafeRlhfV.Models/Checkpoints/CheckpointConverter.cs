using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Makes a new checkpoint folder out of another: other type, key layout or sharding, or an adapter merged in. A score head goes along.</summary>
public static class CheckpointConverter
{
    /// <summary>Writes a folder anew.</summary>
    /// <exception cref="InvalidInputException">The source is malformed, or the new folder exists or cannot be written.</exception>
    public static void Convert(string folder, string to, SaveOptions? options = null)
    {
        RequireProcessor(folder, options);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false });
        Save(model, folder, null, to, options);
    }

    /// <summary>Writes the base model with an adapter's products added to its weights. A score head beside the adapter goes before the base's own.</summary>
    /// <exception cref="InvalidInputException">A folder is malformed, they do not belong together, or the new folder exists or cannot be written.</exception>
    public static void Merge(string folder, string adapter, string to, SaveOptions? options = null)
    {
        RequireProcessor(folder, options);
        if (ScoreHead.IsIn(folder)) ScoreModel.HeadFolder(folder, adapter); // a head does not go with a policy's adapter
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false });
        model.Adapters.Load("merged", adapter).Merge();
        model.Adapters.Remove("merged");
        Save(model, folder, adapter, to, options);
    }

    // before gigabytes are read and written
    private static void RequireProcessor(string folder, SaveOptions? options)
    {
        if (options?.ProcessorFrom is { } from) _ = ModelProcessor.Load(folder, processor: from);
    }

    private static void Save(VisionLanguageModel model, string folder, string? adapter, string to, SaveOptions? options)
    {
        string[] heads = [.. new[] { adapter, folder }.OfType<string>().Select(at => Path.Combine(at, ScoreHead.FileName)).Where(File.Exists)];
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        // a head among the model's weights stays there, unless the adapter brings its own
        Dictionary<string, Tensor> among = heads.Length == 0 && ScoreHead.KeyIn(tensors) is { } key ? new() { [key] = tensors.FileOf(key).Read(key) } : [];
        ModelCheckpoint.SaveWith(model, folder: to, options, aside =>
        {
            if (heads.Length > 0) CheckpointFolder.Copy(heads[0], aside);
            string owner = heads.Length > 0 ? Path.GetDirectoryName(heads[0])! : folder, settings = Path.Combine(owner, GuardConfig.FileName);
            if (File.Exists(settings)) CheckpointFolder.Copy(settings, aside);
            if (heads.Length + among.Count > 0 && ModelKinds.Of(owner) is { } kind and not ModelKind.Policy)
                ModelKinds.Save(aside, kind, ModelKinds.Heads(owner));
        }, among);
        foreach (Tensor tensor in among.Values) tensor.Dispose();
    }
}
