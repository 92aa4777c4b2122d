using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>
/// The training runs of the demo: recipes of the world's data and settings, carried out by the code of <c>train</c>, and so of <c>align</c>. Each leaves a
/// whole model; an adapter is merged into the start, as <c>align</c> does after SFT.
/// </summary>
internal static class TrainingStages
{
    /// <summary>Writes the instruction data and makes the precursor policy, where all methods start.</summary>
    public static string Sft(DemoContext context)
    {
        AnswerData.Write(context, DemoContext.SftData, "SafetyWorld instruction samples", context.World.SftSamples(context.Settings.SftSamples));
        Run(context, DemoContext.SftData, DemoContext.Start, new ModelTrainingRecipe<SftSettings>
        {
            Model = new ModelRecipe { Folder = context.Folders.Model(DemoContext.Tower) },
            Data = Data(context, DemoContext.SftData),
            Training = context.Settings.Sft,
        });
        return $"{context.Settings.SftSamples} samples";
    }

    public static string Reward(DemoContext context) => Score(context, DemoContext.RewardModel, ModelKind.Reward, OfPairs(context, context.Settings.Reward),
        (recipe, scorer, data, run, save) => RewardTrainer.Train(scorer, data, recipe.Training, run, save: save));

    public static string Cost(DemoContext context) => Score(context, DemoContext.CostModel, ModelKind.Cost, OfPairs(context, context.Settings.Cost),
        (recipe, scorer, data, run, save) => CostTrainer.Train(scorer, data, recipe.Training, run, save: save));

    public static string Guard(DemoContext context)
    {
        GuardRecipe recipe = new()
        {
            Model = Start(context),
            Data = new GuardDataRecipe { Folder = context.Folders.Data(DemoContext.PairData), Split = WorldDataset.Train },
            Training = context.Settings.Guard,
        };
        Scorer(context, DemoContext.GuardFolder, ModelKind.Guard, recipe, (_, scorer, data, run, save) =>
            GuardTrainer.Train(scorer, data, recipe.Training, run, Label, save: (folder, config) =>
            {
                save(folder);
                config.Save(folder);
            }));
        return "verdict, categories, severity";
    }

    public static string Ppo(DemoContext context, string name, PpoSettings settings)
    {
        Run(context, name, name, OfRollouts(context, new PpoRecipe { Training = settings }));
        return $"{settings.Rounds} rounds of {settings.RolloutBatch}";
    }

    public static string Grpo(DemoContext context)
    {
        GrpoSettings settings = context.Settings.Grpo;
        Run(context, MethodIds.Grpo, MethodIds.Grpo, OfRollouts(context, new GrpoRecipe { Training = settings }));
        return $"{settings.Rounds} rounds of {settings.RolloutBatch} x {settings.GroupSize}";
    }

    public static string Dpo(DemoContext context, string name, PreferenceKind preference)
    {
        Run(context, name, name, OfPairs(context, context.Settings.Dpo with { Preference = preference }));
        return $"{preference.ToString().ToLowerInvariant()} pairs";
    }

    // on one backbone PPO takes the scores as adapters
    private static string Score<T>(DemoContext context, string name, ModelKind kind, T recipe,
        Action<T, ScorerRole, TrainingData, TrainingRun, Action<string>> train) where T : Recipe, IModelTrainingRecipe
    {
        string said = Scorer(context, name, kind, recipe, train);
        if (context.Settings.Sharing == Sharing.Backbone)
            AdapterExtraction.Extract(context.Folders.Model(name), context.Folders.Model(DemoContext.Start), context.Settings.ScoreRank,
                context.Folders.Model(DemoContext.AdapterOf(name)), overwrite: true);
        return said;
    }

    private static string Scorer<T>(DemoContext context, string name, ModelKind kind, T recipe,
        Action<T, ScorerRole, TrainingData, TrainingRun, Action<string>> train) where T : Recipe, IModelTrainingRecipe
    {
        Run(context, name, name, recipe, run => ModelTraining.Scorer(run, recipe, kind, (scorer, data, save) => train(recipe, scorer, data, run, save),
            adapterName: name));
        return $"{context.Settings.Pairs} pairs";
    }

    private static void Run(DemoContext context, string run, string model, Recipe recipe, Action<TrainingRun>? train = null)
    {
        bool isAdapter = recipe.Base.Lora is not null;
        string whole = context.Folders.Model(model), result = isAdapter ? context.Folders.Model(DemoContext.AdapterOf(model)) : whole;
        recipe = recipe with { Run = new RunRecipe { Folder = context.Folders.Run(run), SaveEvery = 0, KeepLast = 1 } };
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: true) with { Result = result }, context.Training, context.Cancel, train);
        if (isAdapter) CheckpointConverter.Merge(context.Folders.Model(DemoContext.Start), result, whole, new SaveOptions { Overwrite = true });
    }

    private static RolloutRecipe OfRollouts(DemoContext context, RolloutRecipe recipe)
    {
        string Scorer(string scorer) => context.Folders.Model(context.Settings.Sharing == Sharing.Backbone ? DemoContext.AdapterOf(scorer) : scorer);
        return recipe with
        {
            Model = new PpoModelsRecipe
            {
                Policy = context.Folders.Model(DemoContext.Start),
                Reward = Scorer(DemoContext.RewardModel),
                Cost = Scorer(DemoContext.CostModel),
                Sharing = context.Settings.Sharing,
                Lora = context.Settings.Lora,
            },
            Data = new PpoDataRecipe
            {
                Prompts = Data(context, DemoContext.PromptData),
                Instructions = Data(context, DemoContext.PtxData),
                Calibration = Data(context, DemoContext.PairData),
            },
        };
    }

    private static ModelTrainingRecipe<T> OfPairs<T>(DemoContext context, T settings) where T : TrainerSettings, new() =>
        new() { Model = Start(context), Data = Data(context, DemoContext.PairData), Training = settings };

    private static ModelRecipe Start(DemoContext context) => new() { Folder = context.Folders.Model(DemoContext.Start) };

    private static DataRecipe Data(DemoContext context, string name) => new() { Folder = context.Folders.Data(name), Split = WorldDataset.Train };

    /// <summary>
    /// The world's labels: an answer by the row's noisy rate; a prompt alone by what complying with its question would do under the image's severity. A
    /// harmful question adds its own category to the row's.
    /// </summary>
    private static GuardLabel Label(ConversationRecord row, int response)
    {
        (string question, string category) = (row.Messages[^1].Text, row.Labels.Category!);
        GuardLabel? own = GuardLabelSource.FromColumns(row, response);
        int severity = response > 0 ? own!.Severity!.Value : Question.Find(question)!.EffectiveSeverity(row.Labels.ImageSeverity!.Value);
        return new GuardLabel(severity > 0, severity > 0 ? Question.CategoriesOf(question, category) : [], severity);
    }
}
