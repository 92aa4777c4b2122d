using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Small models, data and recipes of every trainer, in a folder that goes with it.</summary>
public sealed class TinyRecipes : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public TinyRecipes()
    {
        World world = new(3);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(24).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        WriteQuestions(world);
        using VisionLanguageModel model = ModelCheckpoint.Load(Start);
        ModelCheckpoint.Save(model, folder.At("policy"));
        // both scores in one, and each of its outputs by itself on the same weights
        using ScoreHead both = ScoreHead.Create(model.HiddenSize, ScoresTrainer.Outputs, 3, "scores", deviation: 0.2, kind: ModelKind.Scores);
        using ScoreHead reward = OutputOf(both, 0, ModelKind.Reward), cost = OutputOf(both, 1, ModelKind.Cost);
        foreach ((string name, ScoreHead head) in new[] { ("scores", both), ("reward", reward), ("cost", cost) })
        {
            ModelCheckpoint.Save(model, folder.At(name));
            head.Save(folder.At(name));
            LoraAdapter adapter = model.Adapters.Create(name, new LoraRecipe { Rank = 2 }.ToConfig(Start), 1);
            adapter.Save(folder.At($"{name}-adapter"));
            head.Save(folder.At($"{name}-adapter"));
        }
        // ensembles: of both scores, and of the reward alone
        foreach ((string name, ModelKind kind) in new[] { ("scores-heads", ModelKind.Scores), ("reward-heads", ModelKind.Reward) })
        {
            using ScoreHead heads = ScoreHead.Create(model.HiddenSize, ModelKinds.Outputs(kind), 3, name, deviation: 0.2, kind: kind, heads: 3);
            LoraAdapter adapter = model.Adapters.Create(name, new LoraRecipe { Rank = 2 }.ToConfig(Start), 1);
            adapter.Save(folder.At($"{name}-adapter"));
            heads.Save(folder.At($"{name}-adapter"));
        }
        LoraAdapter saved = model.Adapters.Create("saved", new LoraRecipe { Rank = 2, ModulesToSave = ["embed_tokens"] }.ToConfig(Start), 1);
        saved.Save(folder.At("reward-saved-adapter"));
        reward.Save(folder.At("reward-saved-adapter"));
        // layers of these names are in the vision tower too
        using LoraAdapter tower = model.Adapters.Create("tower", new LoraConfig { Rank = 2, TargetModules = ["q_proj"], BaseModel = Start }, 1);
        tower.Save(folder.At("tower-adapter"));
        reward.Save(folder.At("tower-adapter"));
    }

    /// <summary>Every trainer once.</summary>
    public static IReadOnlyList<string> Few { get; } = ["sft", "reward-lora", "cost-tokens", "scores-lora", "dpo", "dpo-safe", "guard-prompts",
        "ppo-backbone", "ppo-saved", "ppo-joint", "ppo-checked", "grpo-backbone", "grpo-checked"];

    /// <summary>All the others.</summary>
    public static IReadOnlyList<string> Rest { get; } = ["sft-lora", "sft-tokens", "reward", "reward-tokens", "cost", "scores", "dpo-lora", "dpo-tokens",
        "reward-heads", "cost-heads", "scores-heads-lora", "ppo-heads", "grpo-heads", "guard", "guard-tokens", "ppo", "ppo-checked-backbone",
        "sft-saved", "ppo-reward-only", "ppo-severity", "ppo-tail", "ppo-length", "grpo", "grpo-tail"];

    private static string Start => Golden.At("models", "llava-1.5-tiny");

    public string At(params string[] parts) => folder.At(parts);

    /// <summary>The recipe of a name, run in a folder of its own.</summary>
    public Recipe Recipe(string name, string run, params string[] sets)
    {
        string kind = name.Split('-')[0];
        string[] common = [$"run.folder={At(run)}", "run.save_every=0", "training.seed=5"];
        string[] special = kind is "ppo" or "grpo"
            ? [
                $"model.policy={Start}", $"data.prompts.folder={At("world")}", $"data.instructions.folder={Golden.At("beavertails-v", "flat")}",
                "training.rounds=3", "training.rollout_batch=4", "training.mini_batch=2",
                "training.max_new_tokens=6", "training.ptx_batch=2", "training.actor.learning_rate=1e-3",
                "training.calibration_rows=4", "training.mode=projected", "training.multiplier.window=8",
                kind == "ppo" ? "training.critics.learning_rate=1e-3" : "training.group_size=3",
                // three constraints, answers that are left out, and prompts that are drawn again
                .. name == "grpo-backbone" ? (string[])["training.severity.bands=[-1, 0, 1]", "training.overlong=mask", "training.resample=2"] : [],
                .. name == "ppo-severity" ? (string[])["training.severity.bands=[-1, 0, 1]", "training.severity.encoding=cumulative"] : [],
                .. name == "ppo-length"
                    ? (string[])["training.overlong=penalise", "training.overlong_margin=3", "training.overlong_penalty=2",
                        "training.no_answer_reward=-3"] : [],
                .. name == "ppo-tail" ? (string[])["training.constraint=cvar", "training.cvar_alpha=0.5"] : [],
                .. name == "grpo-tail" ? (string[])["training.constraint=cvar", "training.cvar_alpha=0.5", "training.ratio=sequence"] : [],
                .. name switch
                {
                    "ppo-backbone" or "grpo-backbone" =>
                        (string[])[$"model.reward={At("reward-adapter")}", $"model.cost={At("cost-adapter")}", "model.lora.rank=2",
                        "model.lora.dropout=0.1"],
                    "ppo-saved" => [$"model.reward={At("reward-saved-adapter")}", $"model.cost={At("cost-adapter")}", "model.lora.rank=2",
                        "model.lora.modules_to_save=[embed_tokens, lm_head, multi_modal_projector]"],
                    "ppo-checked-backbone" => [$"model.cost={At("cost-adapter")}", "model.lora.rank=2"],
                    "ppo-checked" => ["model.sharing=none", $"model.cost={At("cost")}"],
                    "ppo-joint" => ["training.lengths.response_tokens=8", "training.lengths.too_long=cut_response", $"model.reward={At("scores-adapter")}",
                        $"model.cost={At("scores-adapter")}", "model.lora.rank=2", "model.lora.dropout=0.1"],
                    "ppo-heads" => [$"model.reward={At("scores-heads-adapter")}", $"model.cost={At("scores-heads-adapter")}", "model.lora.rank=2",
                        "training.pessimism=2"],
                    "grpo-heads" => [$"model.reward={At("reward-heads-adapter")}", $"model.cost={At("cost-adapter")}", "model.lora.rank=2"],
                    _ => ["model.sharing=none", $"model.reward={At("reward")}", $"model.cost={At("cost")}"],
                },
                // answers that are checked, beside RM-V or without it
                .. name.Contains("-checked", StringComparison.Ordinal)
                    ? (string[])[$"data.prompts.folder={At("questions")}", "data.prompts.split=train", "training.cost_reads=answer",
                        $"data.calibration.folder={At("world")}",
                        $"training.rewards=[{(name is "ppo-checked" or "ppo-checked-backbone" ? "" : "{kind: score, weight: 0.5}, ")}"
                        + "{kind: exact, weight: 2, missing: skip}, {kind: number, tolerance: 0.01, missing: skip}, {kind: format, think: true}]"] : [],
                .. name == "ppo-reward-only" ? (string[])["training.mode=fixed", "training.multiplier.initial=0"] : [],
            ]
            : [
                $"model.folder={Start}", $"data.folder={At("world")}", "training.batch_size=4", "training.micro_batch_size=2", "training.max_steps=4",
                "training.epochs=3", "training.optimizer.learning_rate=1e-3",
                // parts by tokens, states in host memory, and answers that are cut: counts of these go on after a stop
                .. name.EndsWith("-tokens", StringComparison.Ordinal)
                    ? (string[])["training.micro_batch_tokens=400", "training.optimizer.offload=true", "training.lengths.response_tokens=20",
                        "training.lengths.too_long=cut_response"] : [],
                // prompts of another data set beside those of the pairs, which have the same places
                .. name == "guard-prompts" ? (string[])[$"data.safe_prompts.folder={Golden.At("beavertails-v", "flat")}", "training.prompt_share=0.6"] : [],
                .. name.Contains("-heads", StringComparison.Ordinal) ? (string[])["training.heads=3", "training.bootstrap=true"] : [],
                .. name == "dpo-safe" ? (string[])["training.preference=safe_helpful", "training.delta=2", "training.beta=margin"] : [],
                .. name == "sft-saved" ? (string[])["model.lora.rank=2", "model.lora.modules_to_save=[embed_tokens, lm_head]"] : [],
                .. name.EndsWith("-lora", StringComparison.Ordinal) ? (string[])["model.lora.rank=2", "model.lora.dropout=0.1"] : [],
            ];
        return RecipeReader.Parse($"trainer: {kind}\n", name, [.. common, .. special, .. sets]);
    }

    public void Dispose() => folder.Dispose();

    // questions with one right answer, and one without
    private void WriteQuestions(World world)
    {
        Directory.CreateDirectory(folder.At("questions"));
        string[] answers = ["4", "3/4", "-12.5", "1,250", "50 %", "7"];
        File.WriteAllLines(folder.At("questions", "train.jsonl"), world.PpoPrompts(8).Select((prompt, i) => JsonSerializer.Serialize(new
        {
            question = prompt.Text,
            image = $"data:image/png;base64,{Convert.ToBase64String(PngBytes.Encode(prompt.Image))}",
            answer = i < answers.Length ? answers[i] : null,
        })));
    }

    private static ScoreHead OutputOf(ScoreHead both, int output, ModelKind kind)
    {
        using IDisposable noGrad = no_grad();
        using Tensor row = both.Weight.narrow(0, output, 1);
        ScoreHead one = ScoreHead.Create((int)row.shape[1], 1, seed: 0, kind: kind);
        one.Weight.copy_(row);
        return one;
    }
}
