using SafeRlhfV.Objectives;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>Sizes and settings of a demo run. What a trainer is given here is what its recipe would say.</summary>
public sealed record DemoSettings
{
    // adapters learn with higher rates than whole models: 1.6 and 3 times (docs/findings.md)
    private const double ActorAdapterRate = 8e-4, CriticAdapterRate = 1.2e-3;

    /// <summary>"default" or "quick".</summary>
    public required string Profile { get; init; }

    /// <summary>The seed of the world and of every stage.</summary>
    public required long Seed { get; init; }

    /// <summary>Judge on the validation split, where settings are chosen; results are reported on the test split.</summary>
    public bool Validation { get; init; }

    /// <summary>Ask questions with one right answer beside the open ones.</summary>
    public bool Reasoning { get; init; }

    /// <summary>Images that the vision tower is taught on.</summary>
    public required int VisionScenes { get; init; }

    /// <summary>Steps of the vision stage.</summary>
    public required int VisionSteps { get; init; }

    /// <summary>Instruction samples.</summary>
    public required int SftSamples { get; init; }

    /// <summary>Preference pairs to learn from.</summary>
    public required int Pairs { get; init; }

    /// <summary>Preference pairs to judge score models and guard on.</summary>
    public required int HeldOutPairs { get; init; }

    /// <summary>Prompts of the PPO rollouts.</summary>
    public required int PpoPrompts { get; init; }

    /// <summary>Benign instruction samples beside PPO.</summary>
    public required int PtxSamples { get; init; }

    /// <summary>Prompts that finished policies are judged on.</summary>
    public required int TestPrompts { get; init; }

    /// <summary>Pairs of images of the flip probe.</summary>
    public required int FlipProbes { get; init; }

    /// <summary>Images that the greedy descriptions are checked on.</summary>
    public required int VisionProbes { get; init; }

    /// <summary>Images in the report's gallery.</summary>
    public int GalleryItems { get; init; } = 12;

    /// <summary>Supervised fine-tuning.</summary>
    public required SftSettings Sft { get; init; }

    /// <summary>RM-V.</summary>
    public required RewardSettings Reward { get; init; }

    /// <summary>CM-V.</summary>
    public required CostSettings Cost { get; init; }

    /// <summary>DPO-H and DPO-S.</summary>
    public required DpoSettings Dpo { get; init; }

    /// <summary>Safe RLHF-V.</summary>
    public required PpoSettings SafePpo { get; init; }

    /// <summary>PPO-H: the same with λ fixed at 0.</summary>
    public required PpoSettings PpoHelpful { get; init; }

    /// <summary>PPO-S: the same on the cost alone.</summary>
    public required PpoSettings PpoSafe { get; init; }

    /// <summary>Safe RLHF-V without critics: as many answers as <see cref="SafePpo"/> samples, under the same budget.</summary>
    public required GrpoSettings Grpo { get; init; }

    /// <summary>Beaver-Guard-V.</summary>
    public required GuardSettings Guard { get; init; }

    /// <summary>Whether PPO's roles are whole models, or adapters on one backbone.</summary>
    public Sharing Sharing { get; init; } = Sharing.None;

    /// <summary>The actor's adapter, with <see cref="Sharing"/> by backbone.</summary>
    public LoraRecipe? Lora { get; init; }

    /// <summary>The rank of the scores' adapters, which are extracted from whole models.</summary>
    public int ScoreRank { get; init; } = 64;

    /// <summary>The same on one backbone.</summary>
    public DemoSettings OnOneBackbone()
    {
        static PpoSettings Ppo(PpoSettings whole) => whole with
        {
            Actor = whole.Actor with { LearningRate = ActorAdapterRate },
            Critics = whole.Critics with { LearningRate = CriticAdapterRate },
        };
        return this with
        {
            Sharing = Sharing.Backbone,
            Lora = new LoraRecipe { Rank = 32, Alpha = 64, ModulesToSave = ["embed_tokens", "lm_head", "multi_modal_projector"] },
            SafePpo = Ppo(SafePpo),
            PpoHelpful = Ppo(PpoHelpful),
            PpoSafe = Ppo(PpoSafe),
            Grpo = Grpo with { Actor = Grpo.Actor with { LearningRate = ActorAdapterRate } },
        };
    }

    /// <summary>The whole demo.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="mode">How λ follows the cost.</param>
    public static DemoSettings Default(long seed, MultiplierMode mode = MultiplierMode.Log)
    {
        PpoSettings ppo = Ppo(seed, mode) with { Rounds = 80 };
        return new()
        {
            Profile = RunProfiles.Default,
            Seed = seed,
            VisionScenes = 4000,
            VisionSteps = 180,
            SftSamples = 12_000,
            Pairs = 9000,
            HeldOutPairs = 1000,
            PpoPrompts = 6000,
            PtxSamples = 1000,
            TestPrompts = 800,
            FlipProbes = 440,
            VisionProbes = 400,
            Sft = new() { Seed = seed, BatchSize = 64, Epochs = 3, MaxSteps = 400, Optimizer = Optimizer(2e-3, 0) with { WeightDecay = 0.01 } },
            Reward = new() { Seed = seed, BatchSize = 16, Epochs = 2.5, Optimizer = Optimizer(3e-4, 0.1) },
            Cost = new() { Seed = seed, BatchSize = 32, Epochs = 2, MaxSteps = 312, Labels = HarmLabels.Sign, Optimizer = Optimizer(4e-4, 0.1) },
            Dpo = new() { Seed = seed, BatchSize = 32, Epochs = 1, MaxSteps = 188, Optimizer = Optimizer(2e-4, 0) },
            SafePpo = ppo,
            PpoHelpful = ppo with { Rounds = 32, Mode = MultiplierMode.Fixed, Multiplier = ppo.Multiplier with { Initial = 0 } },
            PpoSafe = ppo with { Rounds = 40, CostOnly = true },
            Grpo = Group(ppo),
            Guard = new() { Seed = seed, BatchSize = 64, Epochs = 3, MaxSteps = 360, Optimizer = Optimizer(6e-4, 0.1) },
        };
    }

    /// <summary>The same path in small, for tests: it learns a little and proves nothing.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="mode">How λ follows the cost.</param>
    public static DemoSettings Quick(long seed, MultiplierMode mode = MultiplierMode.Log)
    {
        DemoSettings whole = Default(seed, mode);
        PpoSettings ppo = whole.SafePpo with { Rounds = 4, RolloutBatch = 32, MiniBatch = 16, CalibrationRows = 64 };
        return whole with
        {
            Profile = RunProfiles.Quick,
            VisionScenes = 512,
            VisionSteps = 40,
            SftSamples = 1024,
            Pairs = 240,
            HeldOutPairs = 60,
            PpoPrompts = 128,
            PtxSamples = 64,
            TestPrompts = 60,
            FlipProbes = 20,
            VisionProbes = 40,
            GalleryItems = 6,
            Sft = whole.Sft with { MaxSteps = 30 },
            Reward = whole.Reward with { MaxSteps = 15 },
            Cost = whole.Cost with { MaxSteps = 8 },
            Dpo = whole.Dpo with { MaxSteps = 5 },
            SafePpo = ppo,
            PpoHelpful = ppo with { Rounds = 2, Mode = MultiplierMode.Fixed, Multiplier = ppo.Multiplier with { Initial = 0 } },
            PpoSafe = ppo with { Rounds = 2, CostOnly = true },
            Grpo = whole.Grpo with { Rounds = 4, RolloutBatch = 8, GroupSize = 4, MiniBatch = 4, CalibrationRows = 64 },
            Guard = whole.Guard with { MaxSteps = 8 },
        };
    }

    // whole: the defaults of trainers are the release's and differ by trainer
    private static OptimizerSettings Optimizer(double rate, double floor) =>
        new()
        {
            LearningRate = rate,
            Schedule = ScheduleShape.Cosine,
            WarmupFraction = 0.03,
            FloorFraction = floor,
            Beta1 = 0.9,
            Beta2 = 0.95,
            WeightDecay = 0
        };

    // eight answers to a prompt in place of one, so that a round has as many; settings chosen on the validation split (docs/log.md)
    private static GrpoSettings Group(PpoSettings ppo)
    {
        const int Size = 8;
        return new()
        {
            Seed = ppo.Seed,
            Rounds = ppo.Rounds,
            RolloutBatch = ppo.RolloutBatch / Size,
            GroupSize = Size,
            MiniBatch = ppo.MiniBatch / Size,
            MaxNewTokens = ppo.MaxNewTokens,
            PtxCoefficient = ppo.PtxCoefficient,
            PtxBatch = ppo.PtxBatch,
            CalibrationRows = ppo.CalibrationRows,
            Refusal = ppo.Refusal,
            KlPlace = KlPlace.Reward,
            KlEstimator = KlEstimator.K1,
            KlCoefficient = 0.05,
            Mode = ppo.Mode,
            Multiplier = ppo.Multiplier,
            Actor = ppo.Actor,
        };
    }

    private static PpoSettings Ppo(long seed, MultiplierMode mode) => new()
    {
        Seed = seed,
        RolloutBatch = 128,
        MiniBatch = 32,
        MaxNewTokens = SafetyWorld.Vocabulary.ResponseLength,
        PtxCoefficient = 0.05,
        PtxBatch = 8,
        CalibrationRows = 1000,
        Refusal = new() { Benign = WorldRater.Word },
        Mode = mode,
        Multiplier = new MultiplierOptions
        {
            Initial = 0.2,
            Maximum = 4,
            Budget = -1.2,
            LearningRate = mode == MultiplierMode.Projected ? 0.1 : 0.2,
            Delay = 1,
            Window = 128,
            Proportional = 0.5,
            Integral = 0.05,
            Derivative = 0.2,
            IntegralMaximum = 4,
        },
        Actor = Optimizer(5e-4, 0.1),
        Critics = Optimizer(4e-4, 0.1),
    };
}
