using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Carries a recipe out: loads the models, trains, and puts the result where the run's folder says.</summary>
public static class RecipeRunner
{
    /// <summary>Trains as the recipe says.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="options">How the run is kept; mostly <see cref="Recipe.ToRunOptions"/>.</param>
    /// <param name="progress">Hears of every step.</param>
    /// <param name="cancel">Stops at the next step, with a checkpoint.</param>
    /// <returns>False if the run was finished before, and nothing was done.</returns>
    /// <exception cref="InvalidInputException">A folder does not hold what the recipe says, a row is damaged, the training diverged, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the state is saved.</exception>
    public static bool Run(Recipe recipe, RunOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        using TrainingRun run = new(SettingsBinder.Format(recipe.Trainer), options, progress, cancel);
        run.CheckInputs(RecipeInputs.Of(recipe)); // before gigabytes are read; a finished run of other files is not the run that is asked for
        if (run.IsFinished) return false;
        switch (recipe)
        {
            case ModelTrainingRecipe<SftSettings> sft: RunPolicy(run, sft, (policy, _, _, data, save) => SftTrainer.Train(policy, data, sft.Training, run, save)); break;
            case ModelTrainingRecipe<DpoSettings> dpo: RunPolicy(run, dpo, (policy, reference, tower, data, save) => DpoTrainer.Train(policy, reference!, data, dpo.Training, run, save, tower)); break;
            case ModelTrainingRecipe<RewardSettings> reward: RunScorer(run, reward, ModelKind.Reward, (scorer, data, save) => RewardTrainer.Train(scorer, data, reward.Training, run, save: save)); break;
            case ModelTrainingRecipe<CostSettings> cost: RunScorer(run, cost, ModelKind.Cost, (scorer, data, save) => CostTrainer.Train(scorer, data, cost.Training, run, save: save)); break;
            case ModelTrainingRecipe<ScoresSettings> scores: RunScorer(run, scores, ModelKind.Scores, (scorer, data, save) => ScoresTrainer.Train(scorer, data, scores.Training, run, save: save)); break;
            case GuardRecipe guard: RunGuard(run, guard); break;
            case PpoRecipe ppo: RunPpo(run, ppo, cancel); break;
            default: throw new InvalidOperationException($"Nothing trains {recipe.GetType().Name}.");
        }
        return true;
    }

    private static void RunPolicy<T>(TrainingRun run, ModelTrainingRecipe<T> recipe, Action<PolicyRole, PolicyRole?, VisionCache?, TrainingData, Action<string>> train) where T : TrainerSettings, new()
    {
        using VisionLanguageModel model = Load(run, recipe.Model, recipe.Trainer, ModelKind.Policy);
        string? adapter = RecipeModels.AddAdapter(model, recipe.Model, recipe.Seed);
        // the bare backbone is an adapter's reference; where all weights are trained it has to be there twice
        bool needsReference = recipe.Trainer == TrainerKind.Dpo;
        using VisionLanguageModel? frozen = needsReference && adapter is null ? RecipeModels.Load(recipe.Model.Folder, recipe.Model.Dtype, recipe.Model.Device) : null;
        PolicyRole? reference = needsReference ? new PolicyRole(frozen ?? model) : null;
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Folder);
        using VisionCache cache = new(model, processor.Images, CacheBytes(recipe.Training));
        using VisionCache? referenceTower = frozen is not null && recipe.Training.TrainVisionTower ? new(frozen, processor.Images, recipe.Training.VisionCacheBytes) : null;
        train(new PolicyRole(model, adapter), reference, referenceTower, RecipeModels.Open(recipe.Data, processor, cache), folder => RecipeModels.Save(model, adapter, folder));
    }

    private static void RunGuard(TrainingRun run, GuardRecipe recipe) => RunScorer(run, recipe, ModelKind.Guard, (scorer, data, save) =>
        GuardTrainer.Train(scorer, data, recipe.Training, run, safePrompts: recipe.Data.SafePrompts is { } safe ? RecipeModels.Open(safe, data.Processor, data.Cache) : null, save: (folder, config) =>
        {
            save(folder);
            config.Save(folder);
        }));

    private static void RunScorer(TrainingRun run, IModelTrainingRecipe recipe, ModelKind kind, Action<ScorerRole, TrainingData, Action<string>> train)
    {
        using VisionLanguageModel model = Load(run, recipe.Model, recipe.Trainer, kind, ModelKind.Policy);
        string? adapter = RecipeModels.AddAdapter(model, recipe.Model, recipe.Seed);
        using ScoreHead head = RecipeModels.LoadOrMakeHead(model, recipe.Model.Folder, kind, recipe.Seed, SettingsBinder.Format(recipe.Trainer));
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Folder);
        using VisionCache cache = new(model, processor.Images, CacheBytes(recipe.Training));
        train(new ScorerRole(model, head, adapter), RecipeModels.Open(recipe.Data, processor, cache), folder =>
        {
            RecipeModels.Save(model, adapter, folder);
            head.Save(folder);
        });
    }

    private static void RunPpo(TrainingRun run, PpoRecipe recipe, CancellationToken cancel)
    {
        using PpoModels models = PpoModels.Load(recipe.Model, recipe.Seed);
        foreach (string remark in models.Remarks) run.Tell(remark);
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Policy);
        using VisionCache prompts = new(models.Policy, processor.Images, recipe.Training.VisionCacheBytes), instructions = new(models.Policy, processor.Images, recipe.Training.VisionCacheBytes);
        using VisionCache calibration = new(models.Policy, processor.Images, 0); // looked at once
        TrainingData promptData = RecipeModels.Open(recipe.Data.Prompts, processor, prompts);
        TrainingData? instructionData = recipe.Data.Instructions is { } named ? RecipeModels.Open(named, processor, instructions) : null;
        PpoRoles roles = models.Roles(recipe.Data.Calibration is { } pairs ? RecipeModels.Open(pairs, processor, calibration) : promptData, recipe.Training, recipe.Training.MiniBatch);
        PpoTrainer.Train(roles, promptData, instructionData, recipe.Training, run, cancel, folder => RecipeModels.Save(models.Policy, roles.Actor.Adapter, folder));
    }

    private static VisionLanguageModel Load(TrainingRun run, ModelRecipe recipe, TrainerKind trainer, params ModelKind[] kinds)
    {
        RecipeModels.CheckWhole(recipe.Folder);
        Tell(run, ModelKinds.Check(recipe.Folder, kinds, $"train {SettingsBinder.Format(trainer)}"));
        VisionLanguageModel model = RecipeModels.Load(recipe.Folder, recipe.Dtype, recipe.Device);
        Tell(run, RecipeModels.TypeRemark(recipe.Folder, recipe.Dtype, recipe.Device));
        return model;
    }

    private static void Tell(TrainingRun run, string? remark)
    {
        if (remark is not null) run.Tell(remark);
    }

    // features of a tower that is trained are old after one step
    private static long CacheBytes(TrainerSettings settings) => settings.TrainVisionTower ? 0 : settings.VisionCacheBytes;
}
