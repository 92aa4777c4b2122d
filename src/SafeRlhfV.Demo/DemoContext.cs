using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>
/// What stages share: settings, folders, the world, the processor, and vision features. All models have the tower of the vision stage, frozen, so that features
/// of an image serve them all.
/// </summary>
internal sealed class DemoContext(DemoSettings settings, DemoFolders folders, Action<long, long, string> report, CancellationToken cancellationToken)
    : IDisposable
{
    /// <summary>Names of data sets, models and runs.</summary>
    public const string Blank = "blank", Tower = "vision", Start = "start", RewardModel = "reward", CostModel = "cost", GuardFolder = "guard";

    /// <inheritdoc cref="Blank"/>
    public const string SftData = "sft", PairData = "pairs", PromptData = "prompts", PtxData = "ptx";

    /// <summary>Name of a score model's adapter, where score models are adapters.</summary>
    public static string AdapterOf(string scorer) => $"{scorer}-adapter";

    private readonly Dictionary<string, VisionCache> caches = [];
    private VisionLanguageModel? towerModel;
    private ModelProcessor? processor;

    public DemoSettings Settings => settings;

    public DemoFolders Folders => folders;

    public CancellationToken Cancel => cancellationToken;

    public World World { get; } = new(settings.Seed, settings.Validation, settings.Reasoning);

    /// <summary>Tokenizer, chat format and image processor, as every checkpoint of the run has them.</summary>
    public ModelProcessor Processor => processor ??= ModelProcessor.Load(folders.Model(Tower));

    /// <summary>Tells how far the stage is.</summary>
    public void Report(long done, long total, string figures = "")
    {
        cancellationToken.ThrowIfCancellationRequested();
        report(done, total, figures);
    }

    /// <summary>Vision features of a data set's images, or of the world's prompts.</summary>
    public VisionCache Cache(string data)
    {
        if (!caches.TryGetValue(data, out VisionCache? cache))
            caches.Add(data, cache = new VisionCache(towerModel ??= Frozen(Tower), Processor.Images, 1L << 30));
        return cache;
    }

    /// <summary>A split of one of the run's data sets.</summary>
    public TrainingData Data(string name, string? split = WorldDataset.Train) => new(PreferenceDataset.Open(folders.Data(name)), Processor, Cache(name), split);

    /// <summary>A finished model, to run only.</summary>
    public VisionLanguageModel Frozen(string name) => ModelCheckpoint.Load(folders.Model(name), new LoadOptions { RequiresGradient = false });

    /// <summary>A finished score model's parts.</summary>
    public (VisionLanguageModel Backbone, ScoreHead Head) Scorer(string name)
    {
        VisionLanguageModel backbone = Frozen(name);
        return (backbone, ScoreHead.Load(folders.Model(name), backbone.HiddenSize));
    }

    /// <summary>Hears of a training run's steps, which are the stage's.</summary>
    public IProgress<TrainingProgress> Training => new RunProgress(this);

    public void Dispose()
    {
        foreach (VisionCache cache in caches.Values) cache.Dispose();
        towerModel?.Dispose();
    }

    private sealed class RunProgress(DemoContext context) : IProgress<TrainingProgress>
    {
        private static readonly MetricInfo[] Shown =
            [.. Trainers.All.SelectMany(trainer => trainer.Metrics).Where(metric => metric.Live).DistinctBy(metric => metric.Name)];

        public void Report(TrainingProgress value) => context.Report(value.Done, value.Total,
            string.Join("  ", Shown.Where(metric => value.Metrics.ContainsKey(metric.Name))
            .Select(metric => $"{metric.Label} {metric.Format(value.Metrics[metric.Name])}")));
    }
}
