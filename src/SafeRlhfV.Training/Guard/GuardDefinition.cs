using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train guard</c>.</summary>
public sealed class GuardDefinition : ModelTrainerDefinition<GuardRecipe>
{
    private const int SeverityLevels = 4;

    /// <inheritdoc/>
    public override string Name => "guard";

    /// <inheritdoc/>
    public override string Summary => "Train Beaver-Guard-V: verdict, categories and severity.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
    [
        CommonMetrics.Loss, new("verdict_loss", "verdict loss", "", Better.Lower), new("category_loss", "category loss", "", Better.Lower),
        new("severity_loss", "severity loss", "", Better.Lower), new("verdict_accuracy", "verdict accuracy", MetricInfo.Share, Better.Higher) { Live = true },
    ];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: false, Responses: 1);

    /// <inheritdoc/>
    protected override DataRecipe? OtherPrompts(GuardRecipe recipe) => recipe.Data.SafePrompts;

    /// <inheritdoc/>
    protected override void CheckOwn(GuardRecipe recipe, RecipeFaults faults)
    {
        IReadOnlyList<double> weights = recipe.Training.SeverityRowWeights;
        if (weights.Count != SeverityLevels) faults.Add("training.severity_row_weights", "give four weights: none, minor, moderate, severe");
        else if (weights.All(weight => weight == 0)) faults.Add("training.severity_row_weights", "one weight at least must be above 0");
        if (recipe.Data.SafePrompts is not { } safe) return;
        faults.Need("data.safe_prompts.folder", safe.Folder, "the data set with harmless questions");
        if (recipe.Training.PromptShare == 0)
            faults.Add("data.safe_prompts", "with training.prompt_share 0 no prompt is learnt; raise it, or leave safe_prompts out");
    }

    /// <inheritdoc/>
    protected override void Train(GuardRecipe recipe, TrainingRun run) => ModelTraining.Scorer(run, recipe, ModelKind.Guard, (scorer, data, save) =>
    {
        TrainingData? safe = recipe.Data.SafePrompts is { } named ? RecipeModels.Open(named, data.Processor, data.Cache) : null;
        GuardTrainer.Train(scorer, data, recipe.Training, run, safePrompts: safe, save: (folder, config) =>
        {
            save(folder);
            config.Save(folder);
        });
    });
}
