using SafeRlhfV.Models;
using SafeRlhfV.Training;
using TorchSharp.Modules;

namespace SafeRlhfV.Bench;

/// <summary>The six roles of the PPO workload and the models under them.</summary>
internal sealed class PpoModels : IDisposable
{
    private readonly VisionLanguageModel[] models;
    private readonly ScoreHead[] heads;

    private PpoModels(VisionLanguageModel[] models, ScoreHead[] heads, PpoRoles roles) => (this.models, this.heads, Roles) = (models, heads, roles);

    public PpoRoles Roles { get; }

    /// <summary>Six full models.</summary>
    public static PpoModels Apart()
    {
        VisionLanguageModel[] models = [.. Enumerable.Range(0, 6).Select(role => TinyModel.Create(role))];
        ScoreHead[] heads = [.. Enumerable.Range(0, 4).Select(head => ScoreHead.Create(TinyModel.Hidden, 1, head))];
        ScorerRole Scorer(int role) => new(models[role], heads[role - 2]);
        return new(models, heads, new PpoRoles(new PolicyRole(models[0]), new PolicyRole(models[1]), new ScorePair(Scorer(2), Scorer(3)),
            new ScorePair(Scorer(4), Scorer(5))));
    }

    /// <summary>One frozen model under three adapters: actor, both scores, both critics. The bare model is the reference.</summary>
    public static PpoModels Shared(int rank)
    {
        VisionLanguageModel model = TinyModel.Create(0);
        foreach (Parameter parameter in model.parameters()) parameter.requires_grad = false;
        foreach (string name in (string[])["actor", "scores", "critics"]) model.Adapters.Create(name, LoraConfig.ForLanguageModel(rank, 2 * rank), 0);
        ScoreHead[] heads = [.. Enumerable.Range(0, 2).Select(head => ScoreHead.Create(TinyModel.Hidden, ScoresTrainer.Outputs, head))];
        return new([model], heads, new PpoRoles(
            new PolicyRole(model, "actor"), new PolicyRole(model), new ScorePair(new ScorerRole(model, heads[0], "scores")),
            new ScorePair(new ScorerRole(model, heads[1], "critics"))));
    }

    public void Dispose()
    {
        foreach (VisionLanguageModel model in models) model.Dispose();
        foreach (ScoreHead head in heads) head.Dispose();
    }
}
