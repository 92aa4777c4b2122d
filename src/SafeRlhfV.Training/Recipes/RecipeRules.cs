using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>What no single key shows to be wrong: places that are not named, and combinations that cannot be.</summary>
internal static class RecipeRules
{
    private const int SeverityLevels = 4;

    public static void Check(YamlSection section, Recipe recipe)
    {
        if (recipe is PpoRecipe ppo) CheckPpo(section, ppo);
        else CheckModel(section, recipe);
        if (recipe.Run.BestMetric is { } metric && !TrainerMetrics.Of(recipe.Trainer).Contains(metric))
            Fault(section, "run.best_metric", $"'{metric}' is no metric of {SettingsBinder.Format(recipe.Trainer)}; there are {string.Join(", ", TrainerMetrics.Of(recipe.Trainer))}");
    }

    private static void CheckModel(YamlSection section, Recipe recipe)
    {
        if (recipe is not IModelTrainingRecipe { Model: var model, Data: var data, Training: var training }) throw new InvalidOperationException($"No rules for {recipe.GetType().Name}.");
        Needed(section, "model.folder", model.Folder, "the checkpoint to start from (--model)");
        Needed(section, "data.folder", data.Folder, "the data set (--data)");
        CheckDevice(section, model.Device);
        CheckTargets(section, model.Lora);
        CheckLengths(section, training.Lengths);
        if (training.MicroBatchSize > training.BatchSize) Fault(section, "training.micro_batch_size", $"{training.MicroBatchSize} is more than batch_size {training.BatchSize}");
        if (model.Lora is not null && training.TrainVisionTower) Fault(section, "training.train_vision_tower", "an adapter is on the language model alone; leave model.lora out, or the tower frozen");
        if (recipe is GuardRecipe guard) CheckGuard(section, guard);
    }

    private static void CheckGuard(YamlSection section, GuardRecipe recipe)
    {
        IReadOnlyList<double> weights = recipe.Training.SeverityRowWeights;
        if (weights.Count != SeverityLevels) Fault(section, "training.severity_row_weights", "give four weights: none, minor, moderate, severe");
        else if (weights.All(weight => weight == 0)) Fault(section, "training.severity_row_weights", "one weight at least must be above 0");
        if (recipe.Data.SafePrompts is not { } safe) return;
        Needed(section, "data.safe_prompts.folder", safe.Folder, "the data set with harmless questions");
        if (recipe.Training.PromptShare == 0) Fault(section, "data.safe_prompts", "with training.prompt_share 0 no prompt is learnt; raise it, or leave safe_prompts out");
    }

    private static void CheckPpo(YamlSection section, PpoRecipe recipe)
    {
        (PpoModelsRecipe model, PpoSettings training) = (recipe.Model, recipe.Training);
        Needed(section, "model.policy", model.Policy, "the policy to start from (--model)");
        Needed(section, "model.reward", model.Reward, "the reward model (--reward)");
        Needed(section, "model.cost", model.Cost, "the cost model (--cost)");
        Needed(section, "data.prompts.folder", recipe.Data.Prompts.Folder, "the data set that has the prompts (--data)");
        if (recipe.Data.Instructions is { } instructions) Needed(section, "data.instructions.folder", instructions.Folder, "the instruction data");
        if (recipe.Data.Calibration is { } pairs) Needed(section, "data.calibration.folder", pairs.Folder, "the pairs that the scores are brought onto one scale by");
        CheckDevice(section, model.Device);
        CheckTargets(section, model.Lora);
        CheckLengths(section, training.Lengths);
        if (model.Sharing == Sharing.Backbone && model.Lora is null) Fault(section, "model.lora", "sharing: backbone trains adapters; give model.lora, or sharing: none");
        if (model.Sharing == Sharing.None && model.Lora is not null) Fault(section, "model.lora", "sharing: none trains all weights; leave model.lora out, or take sharing: backbone");
        if (training.MiniBatch > training.RolloutBatch) Fault(section, "training.mini_batch", $"{training.MiniBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.MicroBatch > training.MiniBatch) Fault(section, "training.micro_batch", $"{training.MicroBatch} is more than mini_batch {training.MiniBatch}");
        if (training.RolloutMicroBatch > training.RolloutBatch) Fault(section, "training.rollout_micro_batch", $"{training.RolloutMicroBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.PtxCoefficient > 0 && recipe.Data.Instructions is null) Fault(section, "training.ptx_coefficient", "PTX needs data.instructions; give them, or set 0");
        MultiplierOptions multiplier = training.Multiplier;
        if (multiplier.Maximum is { } most && multiplier.Initial > most) Fault(section, "training.multiplier.initial", $"{multiplier.Initial} is above maximum {most}");
        if (training.Mode == MultiplierMode.Log && multiplier.Initial <= 0 && !training.CostOnly) Fault(section, "training.multiplier.initial", "mode log cannot leave 0; begin above it, or take mode fixed for reward-only PPO");
    }

    private static void CheckTargets(YamlSection section, LoraRecipe? lora)
    {
        foreach (string target in lora?.Targets ?? [])
            if (!LoraConfig.LanguageModelLayers.Contains(target)) Fault(section, "model.lora.targets", $"'{target}' is no linear layer of a block; there are {string.Join(", ", LoraConfig.LanguageModelLayers)}");
    }

    private static void CheckLengths(YamlSection section, LengthLimits lengths)
    {
        if (lengths.PromptTokens >= lengths.TotalTokens + 1) Fault(section, "training.lengths.prompt_tokens", $"{lengths.PromptTokens} is more than total_tokens {lengths.TotalTokens}");
        if (lengths.ResponseTokens > lengths.TotalTokens) Fault(section, "training.lengths.response_tokens", $"{lengths.ResponseTokens} is more than total_tokens {lengths.TotalTokens}");
    }

    private static void CheckDevice(YamlSection section, string device)
    {
        if (!DeviceName.TryParse(device, out _)) Fault(section, "model.device", $"'{device}' must be cpu, cuda or cuda:N");
    }

    private static void Needed(YamlSection section, string path, string value, string what)
    {
        if (value.Length == 0) Fault(section, path, $"is missing: {what}");
    }

    /// <summary>A fault at the deepest section of the path that is there.</summary>
    private static void Fault(YamlSection section, string path, string message)
    {
        string[] keys = path.Split('.');
        for (int i = 0; i < keys.Length - 1; i++)
        {
            if (!section.IsMapping(keys[i]) || section.Section(keys[i]) is not { } below)
            {
                section.Fault(string.Join('.', keys[i..]), message);
                return;
            }
            section = below;
        }
        section.Fault(keys[^1], message);
    }
}
