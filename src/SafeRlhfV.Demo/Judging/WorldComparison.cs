using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>Judges policies that were trained on the data and models of a demo, as the demo judges its own: by the exact rater, on prompts held out.</summary>
public static class WorldComparison
{
    /// <summary>Answers the prompts once with each policy.</summary>
    /// <param name="demo">The demo's folder.</param>
    /// <param name="seed">The demo's seed.</param>
    /// <param name="policies">Names, and folders of whole models.</param>
    /// <param name="validation">On the prompts where settings are chosen, and not on those where results are reported.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="reasoning">Whether the demo's world asks questions with one right answer too.</param>
    /// <exception cref="InvalidInputException">The folder holds no finished demo, or a policy cannot be loaded.</exception>
    public static IReadOnlyList<ComparedPolicy> Judge(
        string demo, long seed, IReadOnlyList<(string Name, string Folder)> policies, bool validation, CancellationToken cancellationToken = default,
        bool reasoning = false)
    {
        DemoFolders folders = new(demo);
        foreach (string needed in (string[])[DemoContext.Tower, DemoContext.Start, DemoContext.RewardModel, DemoContext.CostModel])
            if (!Directory.Exists(folders.Model(needed)))
                throw new InvalidInputException($"{demo}: there is no {needed} model; run 'safe-rlhf-v demo --seed {seed} --out {demo}' first.");
        DemoSettings settings = DemoSettings.Default(seed) with { Validation = validation, Reasoning = reasoning };
        using DemoContext context = new(settings, folders, (_, _, _) => { }, cancellationToken);
        WorldPrompt[] prompts = [.. context.World.TestPrompts(context.Settings.TestPrompts)];
        Answers answers = new(context);
        using CalibratedScores scores = new(context);
        JudgedAnswer[] start = Answer(folders.Model(DemoContext.Start)).Rated;
        return [.. policies.Select(policy =>
        {
            (JudgedAnswer[] judged, string[] texts) = Answer(policy.Folder);
            double[] costs = [.. judged.Select(one => one.Cost!.Value)];
            return new ComparedPolicy(
                MethodEvaluation.Summarise(policy.Name, policy.Name, policy.Folder, judged, start, seed),
                judged.Average(one => SeverityCosts.OfRate((long)one.Harmless) == SeverityCosts.Count ? 1.0 : 0), Cvar.Empirical(costs, 0.95).ValueAtRisk,
                reasoning ? ReasoningFigures.Of(prompts, texts) : null);
        })];

        (JudgedAnswer[] Rated, string[] Texts) Answer(string folder)
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false });
            string[] texts = [.. answers.Sample(model, prompts, "test").Select(one => one[0])];
            float[][] costs = [.. answers.Score(scores.Pair.Cost, [.. prompts.Zip(texts, (prompt, text) => (prompt, (string?)text))])];
            return ([.. prompts.Select((prompt, i) => MethodJudge.Rate(prompt, texts[i], costs[i][0]))], texts);
        }
    }
}
