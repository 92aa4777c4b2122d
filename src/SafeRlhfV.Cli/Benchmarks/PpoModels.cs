using SafeRlhfV.Models;
using SafeRlhfV.Training;
using TorchSharp.Modules;

namespace SafeRlhfV.Cli;

/// <summary>The six roles of the PPO workload and the models under them.</summary>
internal sealed class PpoModels : IDisposable
{
    private readonly VisionLanguageModel[] models;
    private readonly ScoreHead[] heads;

    private PpoModels(VisionLanguageModel[] models, ScoreHead[] heads, Func<int, string?> adapterOf)
    {
        (this.models, this.heads) = (models, heads);
        VisionLanguageModel Model(int role) => models[models.Length == 1 ? 0 : role];
        ScorerRole Scorer(int role) => new(Model(role), heads[role - 2], adapterOf(role));
        Roles = new PpoRoles(new PolicyRole(Model(0), adapterOf(0)), new PolicyRole(Model(1)), Scorer(2), Scorer(3), Scorer(4), Scorer(5));
    }

    public PpoRoles Roles { get; }

    /// <summary>Six full models.</summary>
    public static PpoModels Apart() => new([.. Enumerable.Range(0, 6).Select(role => TinyModel.Create(role))], Heads(), _ => null);

    /// <summary>One frozen model; every role but the reference has an adapter of its own.</summary>
    public static PpoModels Shared(int rank)
    {
        VisionLanguageModel model = TinyModel.Create(0);
        string[] names = ["actor", "reference", "reward", "cost", "reward-critic", "cost-critic"];
        foreach (string name in names.Where(name => name != "reference")) model.Adapters.Create(name, LoraConfig.ForLanguageModel(rank, 2 * rank), 0);
        return new([model], Heads(), role => names[role]);
    }

    /// <summary>Makes what a role trains want gradients, and nothing else of its model (the heads of others never see any).</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Prepare(Role role)
    {
        if (models.Length > 1 || ReferenceEquals(role, Roles.Actor)) foreach (Parameter parameter in role.Model.parameters()) parameter.requires_grad = false;
        IReadOnlyList<(string Name, Parameter Parameter)> trained = role.Trainable();
        foreach ((_, Parameter parameter) in trained) parameter.requires_grad = true;
        return trained;
    }

    public void Dispose()
    {
        foreach (VisionLanguageModel model in models) model.Dispose();
        foreach (ScoreHead head in heads) head.Dispose();
    }

    private static ScoreHead[] Heads() => [.. Enumerable.Range(0, 4).Select(head => ScoreHead.Create(TinyModel.Hidden, 1, head))];
}
