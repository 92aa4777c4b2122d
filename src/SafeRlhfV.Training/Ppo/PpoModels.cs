using SafeRlhfV.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>The models behind the six roles of PPO, or four without critics: whole ones, or one backbone under adapters.</summary>
public sealed class PpoModels : IDisposable
{
    private const string Actor = "actor", Reward = "reward", Cost = "cost", RewardCritic = "reward_critic", CostCritic = "cost_critic", Scores = "scores",
        Critics = "critics", Judge = "judge";

    /// <summary>c, where the settings do not name it.</summary>
    public const double DefaultPessimism = 1;

    private readonly PpoModelsRecipe recipe;
    private readonly long seed;
    private readonly bool hasCritics, areServed;
    private readonly int heldOut;
    private readonly List<IDisposable> owned = [];
    private readonly Dictionary<string, (VisionLanguageModel Model, ScoreHead Head)> scorers = [];
    private VisionLanguageModel reference;

    private PpoModels(PpoModelsRecipe recipe, long seed, bool hasCritics, bool areServed, int heldOut)
    {
        (this.recipe, this.seed, this.hasCritics, this.areServed, this.heldOut) = (recipe, seed, hasCritics, areServed, heldOut);
        Remarks = [.. CheckKinds(recipe), .. recipe.Folders.Select(folder => RecipeModels.TypeRemark(folder, recipe.Dtype, recipe.Device)).OfType<string>()];
        // score models are not trained, critics are
        foreach (string trained in (string[])[recipe.Policy, .. hasCritics && !Shared ? [recipe.Reward, recipe.Cost] : (string[])[]])
            RecipeModels.CheckDropout(trained, visionTower: false);
        Policy = reference = Own(LoadWhole(recipe.Policy));
    }

    /// <summary>The actor's model; its tower makes the features that all roles see.</summary>
    public VisionLanguageModel Policy { get; }

    /// <summary>What a person should know of the folders: scores that are taken on trust, types that are changed.</summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>The scale that the scores were brought onto, once roles are made.</summary>
    public ScoreCalibration Calibration { get; private set; } = ScoreCalibration.None;

    private bool Shared => recipe.Sharing == Sharing.Backbone;

    /// <summary>Loads them.</summary>
    /// <param name="recipe">Where from.</param>
    /// <param name="seed">The seed of the actor's adapter.</param>
    /// <param name="critics">Whether critics are loaded; without, four roles are left.</param>
    /// <param name="basesAreKnown">Whether the adapters were found to be on this policy before, when the run began with the same contents.</param>
    /// <param name="scoresAreServed">Whether servers score: the roles have no scores then, and the score models are for comparison.</param>
    /// <param name="heldOutHeads">Heads of RM-V that judge and give no reward.</param>
    /// <exception cref="InvalidInputException">A folder does not hold what the recipe says.</exception>
    public static PpoModels Load(
        PpoModelsRecipe recipe, long seed, bool critics = true, bool basesAreKnown = false, bool scoresAreServed = false, int heldOutHeads = 0)
    {
        PpoModels models = new(recipe, seed, critics, scoresAreServed, heldOutHeads);
        try
        {
            if (models.Shared) models.LoadAdapters(basesAreKnown);
            else models.LoadModels();
            return models;
        }
        catch
        {
            models.Dispose();
            throw;
        }
    }

    /// <summary>The roles, their scores on one scale if the settings ask for it. To be called once: calibration changes the heads.</summary>
    /// <param name="pairs">Pairs whose answers set the scale.</param>
    /// <param name="settings">How many of them, and their limits.</param>
    /// <param name="batchSize">Pairs that are scored at a time.</param>
    /// <param name="ranks">The ranks that score them together; null = this process alone.</param>
    public PpoRoles Roles(TrainingData pairs, RolloutSettings settings, int batchSize, Ranks? ranks = null)
    {
        ScorePair scores = ScoresOf(settings);
        ScoreCalibration scale = Calibration = Measure(scores, pairs, settings, batchSize, ranks);
        return new PpoRoles(new PolicyRole(Policy, AdapterOf(Actor)), new PolicyRole(reference), areServed ? null : scale.Apply(scores),
            scale.Apply(Pair(Critics, RewardCritic, CostCritic)))
        { Judge = JudgeRole() };
    }

    /// <summary>The roles of a trainer without critics; likewise to be called once.</summary>
    /// <param name="pairs">Pairs whose answers set the scale.</param>
    /// <param name="settings">How many of them, and their limits.</param>
    /// <param name="batchSize">Pairs that are scored at a time.</param>
    /// <param name="ranks">The ranks that score them together; null = this process alone.</param>
    public GrpoRoles GroupRoles(TrainingData pairs, RolloutSettings settings, int batchSize, Ranks? ranks = null)
    {
        ScorePair scores = ScoresOf(settings);
        Calibration = Measure(scores, pairs, settings, batchSize, ranks);
        return new GrpoRoles(new PolicyRole(Policy, AdapterOf(Actor)), new PolicyRole(reference), areServed ? null : Calibration.Apply(scores))
        {
            Judge = JudgeRole()
        };
    }

    /// <summary>The score models that servers have, too; roles leave them as they were loaded.</summary>
    /// <exception cref="InvalidInputException">One has several heads.</exception>
    internal ScorePair ServedScores()
    {
        foreach ((string role, string folder) in Folders().Where(one => one.Role is Scores or Reward or Cost))
            if (scorers[role].Head.Heads is > 1 and int heads)
                throw new InvalidInputException($"scoring: the score of {folder} is an ensemble of {heads} heads, and a server gives that of one; leave "
                    + "scoring out, or train a model with heads: 1.");
        return Pair(Scores, Reward, Cost);
    }

    /// <summary>Frees the score models. Where servers score, they are models of their own.</summary>
    internal void ReleaseScores()
    {
        foreach (string role in (string[])[Scores, Reward, Cost])
        {
            if (!scorers.Remove(role, out (VisionLanguageModel Model, ScoreHead Head) scorer)) continue;
            foreach (IDisposable one in (IDisposable[])[scorer.Model, scorer.Head])
            {
                owned.Remove(one);
                one.Dispose();
            }
        }
    }

    private ScorePair ScoresOf(RolloutSettings settings)
    {
        ScorePair scores = Pair(Scores, Reward, Cost).With(settings.Pessimism ?? DefaultPessimism, heldOut);
        if (heldOut > 0 && scores.Reward.Head.Heads <= heldOut)
            throw new InvalidInputException($"training.judge.heads: {heldOut} heads are to judge, and one at least must give the reward, but {recipe.Reward} "
                + $"has {scores.Reward.Head.Heads} in all; train it with more (training.heads), or let another judge.");
        return settings.Pessimism is null || scores.Scorers.Any(scorer => scorer.Head.Heads > 1) ? scores
            : throw new InvalidInputException("training.pessimism: "
                + $"{(recipe.HasReward ? $"neither {recipe.Reward} nor {recipe.Cost} has" : $"{recipe.Cost} does not have")} "
                + "several heads that could disagree; train one with training.heads, or leave pessimism out.");
    }

    private ScorePair Pair(string both, string reward, string cost) =>
        scorers.ContainsKey(both) ? new(Scorer(both)) : new(scorers.ContainsKey(reward) ? Scorer(reward) : null, Scorer(cost));

    private ScorerRole? JudgeRole() => scorers.ContainsKey(Judge) ? Scorer(Judge) : null;

    private static ScoreCalibration Measure(ScorePair scores, TrainingData pairs, RolloutSettings settings, int batchSize, Ranks? ranks) =>
        settings.CalibrationRows == 0
            ? ScoreCalibration.None : ScoreCalibration.Measure(scores, pairs, settings.CalibrationRows, settings.Lengths, batchSize, ranks);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable one in owned) one.Dispose();
    }

    private void LoadAdapters(bool basesAreKnown)
    {
        InputDigests digests = new(null); // of whole models: roles share their folders
        foreach ((string role, string folder) in Folders())
        {
            if (!RecipeModels.IsAdapter(folder))
                throw new InvalidInputException(
                    $"{folder}: holds no adapter, and sharing: backbone needs one; train it with model.lora, make one of a whole model "
                    + "with 'safe-rlhf-v model extract', or take sharing: none.");
            if (!basesAreKnown && LoraConfig.Load(folder).BaseModel is { } named && !IsPolicy(folder, named, digests))
                throw new InvalidInputException($"{folder}: its base model is {named}, and with sharing: backbone it must be model.policy, {recipe.Policy}, "
                    + "or a copy of it.");
            Policy.Adapters.Load(role, folder);
            if (Policy.Adapters.ChangesTower(role))
                throw new InvalidInputException($"{folder}: the adapter changes the vision tower, and images are encoded once for all roles; train it on the "
                    + "language model alone, or merge it and take sharing: none.");
            scorers.Add(role, (Policy, Own(LoadHead(Policy, role, folder))));
        }
        RecipeModels.CreateAdapter(Policy, Actor, recipe.Lora!, recipe.Policy, seed);
        if (!MakesRewardCritic) return;
        RecipeModels.CreateAdapter(Policy, RewardCritic, recipe.Lora!.ForScores(), recipe.Policy, seed);
        scorers.Add(RewardCritic, (Policy, Own(NewHead(Policy))));
    }

    // a copy elsewhere is the same model
    private bool IsPolicy(string adapter, string named, InputDigests digests) => Path.GetFullPath(named) == Path.GetFullPath(recipe.Policy)
        || digests.OfModel(LoraConfig.FindBase(adapter)) == digests.OfModel(recipe.Policy);

    private void LoadModels()
    {
        reference = Own(LoadWhole(recipe.Policy));
        foreach ((string role, string folder) in Folders())
        {
            VisionLanguageModel model = Own(LoadWhole(folder));
            if (!SameTower(model))
                throw new InvalidInputException($"{folder}: its vision tower differs from that of {recipe.Policy}; images are encoded once for all roles, so "
                    + "train score models with the tower frozen.");
            scorers.Add(role, (model, Own(LoadHead(model, role, folder))));
        }
        if (!MakesRewardCritic) return;
        VisionLanguageModel critic = Own(LoadWhole(recipe.Policy));
        scorers.Add(RewardCritic, (critic, Own(NewHead(critic))));
    }

    // without RM-V the critic of the rewards starts from the policy
    private bool MakesRewardCritic => hasCritics && !recipe.HasReward;

    private ScoreHead NewHead(VisionLanguageModel model)
    {
        Tensor like = model.Decoder.Embedding.Weight;
        return ScoreHead.Create(model.HiddenSize, 1, seed, RewardCritic, dtype: like.dtype, device: like.device, kind: ModelKind.Reward);
    }

    private (string Role, string Folder)[] Folders() =>
    [
        .. recipe.NamesOneFolder ? ((string, string)[])[(Scores, recipe.Reward), .. Only((Critics, recipe.Reward))]
            : recipe.HasReward ? [(Reward, recipe.Reward), (Cost, recipe.Cost), .. Only((RewardCritic, recipe.Reward), (CostCritic, recipe.Cost))]
            : [(Cost, recipe.Cost), .. Only((CostCritic, recipe.Cost))],
        .. recipe.Judge.Length > 0 ? [(Judge, recipe.Judge)] : ((string, string)[])[],
    ];

    private (string Role, string Folder)[] Only(params (string Role, string Folder)[] critics) => hasCritics ? critics : [];

    // before gigabytes are read
    private static IEnumerable<string> CheckKinds(PpoModelsRecipe recipe)
    {
        List<(string Folder, string Use, ModelKind[] Kinds)> places = [(recipe.Policy, "model.policy", [ModelKind.Policy])];
        if (recipe.NamesOneFolder) places.Add((recipe.Reward, "one folder as model.reward and model.cost", [ModelKind.Scores]));
        else if (recipe.HasReward) places.AddRange([(recipe.Reward, "model.reward", [ModelKind.Reward]), (recipe.Cost, "model.cost", [ModelKind.Cost])]);
        else places.Add((recipe.Cost, "model.cost", [ModelKind.Cost, ModelKind.Scores]));
        if (recipe.Judge.Length > 0) places.Add((recipe.Judge, "model.judge", [ModelKind.Reward]));
        return places.Select(place => ModelKinds.Check(place.Folder, place.Kinds, place.Use)).OfType<string>().ToArray();
    }

    private ScorerRole Scorer(string role) => new(scorers[role].Model, scorers[role].Head, AdapterOf(role));

    private string? AdapterOf(string role) => Shared ? role : null;

    private VisionLanguageModel LoadWhole(string folder) => RecipeModels.Load(folder, recipe.Dtype, recipe.Device);

    private ScoreHead LoadHead(VisionLanguageModel model, string role, string folder)
    {
        Tensor like = model.Decoder.Embedding.Weight;
        ScoreHead head = ScoreHead.Load(folder, model.HiddenSize, like.dtype, like.device);
        if (!recipe.HasReward && role is Cost or CostCritic && head.Outputs == ScoresTrainer.Outputs)
        {
            using ScoreHead scores = head; // of which the cost alone is asked
            if (areServed)
                throw new InvalidInputException($"scoring: {folder} is a model of both scores, and without model.reward its cost alone is used, which servers "
                    + "do not give; leave scoring out, or take a cost model.");
            head = scores.CostOfBoth();
        }
        bool both = role is Scores or Critics;
        if (head.Outputs == (both ? ScoresTrainer.Outputs : 1))
        {
            if (head.Heads == 1 || role is Scores or Reward or Cost or Judge) return head;
            using ScoreHead ensemble = head; // a critic learns one value, and heads that judge are not its concern
            return ensemble.Mean(role == CostCritic || heldOut == 0 ? null : head.Heads - heldOut);
        }
        int outputs = head.Outputs;
        head.Dispose();
        throw new InvalidInputException(both
            ? $"{folder}: model.reward and model.cost name this one folder, and its head has {outputs} output{(outputs == 1 ? "" : "s")}; both scores in one "
                + "model come from train scores, others are two models."
            : $"{folder}: the head gives {outputs} numbers, and a reward or cost model gives one; two come from train scores, and its folder is named as both "
                + "model.reward and model.cost.");
    }

    private bool SameTower(VisionLanguageModel model)
    {
        using IDisposable noGrad = no_grad();
        Parameter[] mine = [.. Policy.VisionTowerParameters], other = [.. model.VisionTowerParameters];
        if (mine.Length != other.Length) return false;
        for (int i = 0; i < mine.Length; i++)
        {
            if (!mine[i].shape.SequenceEqual(other[i].shape)) return false;
            using Tensor same = mine[i].eq(other[i]).all();
            if (!same.item<bool>()) return false;
        }
        return true;
    }

    private T Own<T>(T one) where T : IDisposable
    {
        owned.Add(one);
        return one;
    }
}
