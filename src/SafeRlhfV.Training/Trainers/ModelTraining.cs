using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>Loads the model and the data of a recipe of one model, and hands them to a trainer.</summary>
public static class ModelTraining
{
    /// <summary>Trains a policy.</summary>
    /// <param name="run">The run.</param>
    /// <param name="recipe">A recipe of one model.</param>
    /// <param name="train">Gets the policy, the data, and what saves the policy into a folder.</param>
    public static void Policy<T>(TrainingRun run, T recipe, Action<PolicyRole, TrainingData, Action<string>> train) where T : Recipe, IModelTrainingRecipe =>
        Policy(run, recipe, needsReference: false, (policy, _, _, data, save) => train(policy, data, save));

    /// <summary>Trains a policy beside its frozen reference.</summary>
    /// <param name="run">The run.</param>
    /// <param name="recipe">A recipe of one model.</param>
    /// <param name="train">
    /// Gets the policy, the reference, the features of the images as the reference's own tower gives them (null = both have one tower), the data, and what
    /// saves the policy.
    /// </param>
    public static void PolicyAndReference<T>(TrainingRun run, T recipe, Action<PolicyRole, PolicyRole, VisionCache?, TrainingData, Action<string>> train)
        where T : Recipe, IModelTrainingRecipe =>
        Policy(run, recipe, needsReference: true, (policy, reference, tower, data, save) => train(policy, reference!, tower, data, save));

    /// <summary>Trains a score head and the model below it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="recipe">A recipe of one model.</param>
    /// <param name="kind">What the head scores.</param>
    /// <param name="train">Gets the scorer, the data, and what saves model and head into a folder.</param>
    /// <param name="heads">Heads of the score; more than 1 is an ensemble.</param>
    /// <param name="adapterName">The adapter's name, where the recipe has one: its first weights are drawn by it.</param>
    public static void Scorer<T>(TrainingRun run, T recipe, ModelKind kind, Action<ScorerRole, TrainingData, Action<string>> train, int heads = 1,
        string adapterName = RecipeModels.Trained)
        where T : Recipe, IModelTrainingRecipe
    {
        using VisionLanguageModel model = Load(run, recipe, kind, ModelKind.Policy);
        string? adapter = RecipeModels.AddAdapter(model, recipe.Model, recipe.Seed, adapterName);
        using ScoreHead head = RecipeModels.LoadOrMakeHead(model, recipe.Model.Folder, kind, recipe.Seed, recipe.Trainer.Name, heads);
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Folder);
        using VisionCache cache = new(model, processor.Images, CacheBytes(recipe.Training), !run.Ranks.IsAlone);
        train(new ScorerRole(model, head, adapter), RecipeModels.Open(recipe.Data, processor, cache), folder =>
        {
            RecipeModels.Save(model, adapter, folder);
            head.Save(folder);
        });
    }

    private static void Policy<T>(TrainingRun run, T recipe, bool needsReference,
        Action<PolicyRole, PolicyRole?, VisionCache?, TrainingData, Action<string>> train)
        where T : Recipe, IModelTrainingRecipe
    {
        (ModelRecipe named, TrainerSettings training) = (recipe.Model, recipe.Training);
        using VisionLanguageModel model = Load(run, recipe, ModelKind.Policy);
        string? adapter = RecipeModels.AddAdapter(model, named, recipe.Seed);
        // the bare backbone is an adapter's reference; where all weights are trained it has to be there twice
        using VisionLanguageModel? frozen = needsReference && adapter is null ? RecipeModels.Load(named.Folder, named.Dtype, named.Device) : null;
        PolicyRole? reference = needsReference ? new PolicyRole(frozen ?? model) : null;
        ModelProcessor processor = ModelProcessor.Load(named.Folder);
        using VisionCache cache = new(model, processor.Images, CacheBytes(training), !run.Ranks.IsAlone);
        using VisionCache? referenceTower = frozen is not null && training.TrainVisionTower
            ? new(frozen, processor.Images, training.VisionCacheBytes, !run.Ranks.IsAlone) : null;
        train(new PolicyRole(model, adapter), reference, referenceTower, RecipeModels.Open(recipe.Data, processor, cache),
            folder => RecipeModels.Save(model, adapter, folder));
    }

    private static VisionLanguageModel Load<T>(TrainingRun run, T recipe, params ModelKind[] kinds) where T : Recipe, IModelTrainingRecipe
    {
        ModelRecipe named = recipe.Model;
        RecipeModels.CheckWhole(named.Folder);
        Tell(run, ModelKinds.Check(named.Folder, kinds, $"train {recipe.Trainer.Name}"));
        RecipeModels.CheckDropout(named.Folder, recipe.Training.TrainVisionTower);
        VisionLanguageModel model = RecipeModels.Load(named.Folder, named.Dtype, named.Device);
        Tell(run, RecipeModels.TypeRemark(named.Folder, named.Dtype, named.Device));
        return model;
    }

    private static void Tell(TrainingRun run, string? remark)
    {
        if (remark is not null) run.Tell(remark);
    }

    // features of a tower that is trained are old after one step
    private static long CacheBytes(TrainerSettings settings) => settings.TrainVisionTower ? 0 : settings.VisionCacheBytes;
}
