using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary><c>eval score</c>: scores the answers that <c>eval answers</c> wrote; what was asked of a judge or guard before is not asked again.</summary>
internal static class EvalScoreVerb
{
    public static Command Create()
    {
        SuiteArguments suites = new();
        ScorerArguments scorers = new();
        Option<bool> json = Output.JsonOption();
        Command command = new("score",
            "Score a model's answers to benchmarks. Example: safe-rlhf-v eval score --suite pope --data benchmarks/pope --out results/llava --as vlmevalkit")
        { json };
        foreach (Option option in (Option[])[.. suites.All, .. scorers.All]) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using ScorerArguments owned = scorers;
            IReadOnlyList<Suite> wanted = suites.Read(parsed);
            scorers.Check(parsed, wanted);
            return await SuiteScoring.RunAsync(parsed, wanted, scorers, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }
}
