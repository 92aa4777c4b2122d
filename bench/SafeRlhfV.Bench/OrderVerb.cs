using System.CommandLine;
using SafeRlhfV.Cli;

namespace SafeRlhfV.Bench;

/// <summary><c>order</c>: whether results of <c>eval bench</c> order models as the built-in world's exact rater does.</summary>
internal static class OrderVerb
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "The world's data set, whose evaluation split was the benchmark.", Required = true };
        Option<long> seed = new("--seed") { Description = "The world's seed." };
        Argument<string[]> results = new("results") { Description = "NAME=FOLDER of each result of 'eval bench'.", Arity = new(2, 100) };
        Option<bool> json = Output.JsonOption();
        Command command = new("order",
            "Hold the order of models by eval bench against the exact rater's. Example: bench order --data demo/data/pairs --seed 0 start=r/start ppo=r/ppo")
        {
            data, seed, results, json,
        };
        command.SetAction((parsed, _) =>
        {
            (string, string)[] named = [.. parsed.GetRequiredValue(results).Select(text => text.Split('=', 2) is [var name, var folder]
                ? (name, folder) : throw new InvalidInputException($"{text}: write NAME=FOLDER."))];
            IReadOnlyList<WorldOrder> pairs = WorldOrder.Of(parsed.GetRequiredValue(data), parsed.GetValue(seed), named);
            if (parsed.GetValue(json)) Output.Json(pairs);
            else foreach (WorldOrder pair in pairs) Output.Line(Row(pair));
            int clear = pairs.Count(pair => pair.IsClear), wrong = pairs.Count(pair => pair is { IsClear: true, IsRight: false });
            Output.Note($"{clear} of {pairs.Count} pairs differ beyond their interval; {wrong} of them are in the wrong order");
            return Task.FromResult(clear > 0 && wrong == 0 ? 0 : CliHost.CheckFailed);
        });
        return command;
    }

    private static string Row(WorldOrder pair) => FormattableString.Invariant(
        $"{pair.First,-12} {pair.Second,-12} unsafe: rated {100 * pair.Rated.Value,6:+0.0;-0.0} ({100 * pair.Rated.Low,6:+0.0;-0.0} to ")
        + FormattableString.Invariant($"{100 * pair.Rated.High,6:+0.0;-0.0})  measured {100 * pair.Measured,6:+0.0;-0.0}  ")
        + (!pair.IsClear ? "within the interval" : pair.IsRight ? "right" : "WRONG");
}
