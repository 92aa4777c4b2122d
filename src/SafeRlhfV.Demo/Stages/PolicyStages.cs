using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>The methods that align the precursor: Safe RLHF-V and its baselines.</summary>
internal static class PolicyStages
{
    private const int CalibrationBatch = 64;

    public static string Ppo(DemoContext context, string name, PpoSettings settings)
    {
        string Scorer(string scorer) => context.Folders.Model(context.Settings.Sharing == Sharing.Backbone ? DemoContext.AdapterOf(scorer) : scorer);
        PpoModelsRecipe places = new()
        {
            Policy = context.Folders.Model(DemoContext.Start),
            Reward = Scorer(DemoContext.RewardModel),
            Cost = Scorer(DemoContext.CostModel),
            Sharing = context.Settings.Sharing,
            Lora = context.Settings.Lora,
        };
        using PpoModels models = PpoModels.Load(places, context.Settings.Seed);
        PpoRoles roles = models.Roles(context.Data(DemoContext.PairData), settings, CalibrationBatch);
        using TrainingRun run = context.NewRun(name);
        SafePpoTrainer.Train(roles, context.Data(DemoContext.PromptData), context.Data(DemoContext.PtxData), settings, run, context.Cancel);
        models.SaveWhole(context.Folders.Model(name));
        return $"{settings.Rounds} rounds of {settings.RolloutBatch}";
    }

    public static string Dpo(DemoContext context, string name, PreferenceKind preference)
    {
        using VisionLanguageModel policy = context.Model(DemoContext.Start), reference = context.Frozen(DemoContext.Start);
        using TrainingRun run = context.NewRun(name);
        DpoTrainer.Train(new PolicyRole(policy), new PolicyRole(reference), context.Data(DemoContext.PairData),
            context.Settings.Dpo with { Preference = preference }, run);
        ModelCheckpoint.Save(policy, context.Folders.Model(name), new SaveOptions { Overwrite = true });
        return $"{preference.ToString().ToLowerInvariant()} pairs";
    }
}
