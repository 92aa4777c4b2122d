using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Makes new models.</summary>
public static class ModelFactory
{
    /// <summary>A model with random weights; the same config, seed and initialisation give the same weights.</summary>
    /// <exception cref="InvalidInputException">The model would be impossibly large.</exception>
    public static VisionLanguageModel Create(ModelConfig config, long seed, Initialization? initialization = null, ScalarType dtype = ScalarType.Float32,
        Device? device = null)
    {
        bool small = ParameterList.Of(config).Sum(entry => entry.Count) < 64L << 20;
        VisionLanguageModel model = ModelFamilies.Find(config.ModelType)!.Create(config,
            new RandomSource(initialization ?? Initialization.Transformers, seed, dtype, device ?? CPU, small));
        model.eval();
        return model;
    }

    /// <summary>
    /// Writes a checkpoint with the weights that <see cref="Create"/> would give, one tensor at a time: no more memory than the largest tensor takes.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="seed">Chooses the weights.</param>
    /// <param name="folder">The folder to write.</param>
    /// <param name="initialization">How weights are drawn; null = as transformers draws them.</param>
    /// <param name="options">Type, layout, sharding, and a folder whose tokenizer and processor files are copied.</param>
    /// <param name="progress">Told of tensors written and tensors in all.</param>
    /// <param name="cancellationToken">Stops between two tensors; nothing stays behind.</param>
    /// <exception cref="InvalidInputException">The model would be impossibly large, or the folder cannot be written.</exception>
    public static void Write(
        ModelConfig config, long seed, string folder, Initialization? initialization = null, SaveOptions? options = null, Action<int, int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new SaveOptions();
        IReadOnlyList<ParameterEntry> entries = ParameterList.Of(config);
        ModelFamily family = ModelFamilies.Find(config.ModelType)!;
        KeyLayout layout = options.Layout is { } name ? family.Layout(name) : family.Layouts[0];
        ScalarType dtype = options.Dtype ?? ScalarType.Float32;
        RandomSource source = new(initialization ?? Initialization.Transformers, seed, dtype, CPU, pack: false);
        foreach (ParameterEntry entry in entries) source.Learn(entry);
        int done = 0;
        AtomicFolder.Write(folder, options.Overwrite, aside =>
        {
            File.WriteAllText(Path.Combine(aside, "config.json"), config.ToJson(dtype));
            ShardedWriter.Write(aside, [.. entries.Select(entry => new PendingTensor(layout.ToFile(entry.Name), entry.Shape, dtype, () => source.Draw(entry)))],
                options.MaxShardBytes, _ =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Invoke(++done, entries.Count);
            });
            if (options.FilesFrom is { } files) CheckpointFolder.CopyCompanions(files, aside);
        });
    }
}
