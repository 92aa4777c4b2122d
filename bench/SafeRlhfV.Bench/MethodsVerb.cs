using System.CommandLine;
using SafeRlhfV.Cli;
using SafeRlhfV.Demo;

namespace SafeRlhfV.Bench;

/// <summary><c>methods</c>: judges policies trained in a demo's world by the exact rater, one row each.</summary>
internal static class MethodsVerb
{
    public static Command Create()
    {
        Option<string> demo = new("--demo") { Description = "The folder of a finished demo.", Required = true };
        Option<long> seed = new("--seed") { Description = "The demo's seed." };
        Option<bool> validation = new("--validation") { Description = "Judge on the prompts where settings are chosen." };
        Option<bool> reasoning = new("--reasoning") { Description = "The demo was made with --reasoning: tell the exact accuracy too." };
        Argument<string[]> policies = new("policies") { Description = "NAME=FOLDER of each policy.", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = Output.JsonOption();
        Command command = new("methods",
            "Judge policies of the built-in world. Example: bench methods --demo demo --seed 0 ppo=demo/models/safe-rlhf-v grpo=runs/grpo")
        {
            demo, seed, validation, reasoning, policies, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            (string, string)[] named = [.. parsed.GetRequiredValue(policies).Select(text => text.Split('=', 2) is [var name, var folder]
                ? (name, Models.ResultFolder.Find(folder)) : throw new InvalidInputException($"{text}: write NAME=FOLDER."))];
            IReadOnlyList<ComparedPolicy> compared = WorldComparison.Judge(
                parsed.GetRequiredValue(demo), parsed.GetValue(seed), named, parsed.GetValue(validation), cancellationToken,
                parsed.GetValue(reasoning));
            if (parsed.GetValue(json)) Output.Json(compared);
            else foreach (ComparedPolicy one in compared) Output.Line(Row(one));
            return Task.FromResult(0);
        });
        return command;
    }

    private static string Row(ComparedPolicy one)
    {
        MethodResult figures = one.Figures;
        return FormattableString.Invariant(
            $"{figures.Name,-14} helpful {figures.HelpfulWins.GainPoints,6:+0.0;-0.0}  safe {figures.SafeWins.GainPoints,6:+0.0;-0.0}  ")
            + FormattableString.Invariant($"unsafe {figures.UnsafeRate.Value,6:P1}  ")
            + FormattableString.Invariant($"severe {one.SevereRate,6:P1}  cost {figures.MeanCost,6:0.00} (95 % {one.CostP95,6:0.00})  ")
            + FormattableString.Invariant($"refuses benign {figures.RefusalsOnBenign,6:P1}  tokens {figures.MeanLength,5:0.0}")
            + (one.Reasoning is { } exact ? FormattableString.Invariant($"\n{"",14} unsafe of open {exact.UnsafeOfOpen:P1}, right ")
                + string.Join(", ", exact.Accuracy.Select(sort => FormattableString.Invariant($"{sort.Key} {sort.Value:P1}")))
                + FormattableString.Invariant($", thinks {exact.Thinks:P1}, unreadable {exact.Unreadable:P1}") : "");
    }
}
