using System.CommandLine;
using Microsoft.Extensions.AI;
using SafeRlhfV.Demo;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>guard attack</c>: disguised prompts of the built-in world against a model and its guard.</summary>
internal static class GuardAttackVerb
{
    private const int MostPrompts = 10_000;

    public static Command Create()
    {
        Option<string> guard = new("--guard") { Description = "A guard of the built-in world, such as the demo's.", Required = true },
            model = new("--model") { Description = "A model of the built-in world, such as the demo's.", Required = true };
        Option<int> prompts = new("--prompts") { Description = "Held-out prompts to attack.", DefaultValueFactory = _ => 200 };
        Option<long> seed = new("--seed") { Description = "The world's seed.", DefaultValueFactory = _ => 0 };
        Option<bool> json = Output.JsonOption();
        Command command = new("attack",
            "Disguise the built-in world's prompts and see what passes. Example: safe-rlhf-v guard attack --guard demo/models/guard --model demo/models/start "
                + "--prompts 200")
        {
            guard, model, prompts, seed, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int count = parsed.GetValue(prompts);
            if (count is < 1 or > MostPrompts) throw new InvalidInputException($"--prompts {count}: give 1 to {MostPrompts}.");
            ChatGuard opened = LocalCheckpoint.OpenGuard(parsed.GetRequiredValue(guard));
            using GuardModel owned = opened.Model;
            using IChatClient client = LocalChatClient.Load(parsed.GetRequiredValue(model), new() { BatchSize = 64 });
            ProgressView progress = new("guard attack");
            IReadOnlyList<AttackResult> results = await new WorldAttack(client, opened, parsed.GetValue(seed)).RunAsync(count,
                (name, done, total) => progress.Report(done, total, name), cancellationToken);
            progress.Done($"{DataArguments.Count(results.Count, "attack")} on {DataArguments.Count(count, "prompt")}");
            if (parsed.GetValue(json)) Output.Json(new
            {
                Guard = parsed.GetRequiredValue(guard),
                Model = parsed.GetRequiredValue(model),
                Seed = parsed.GetValue(seed),
                Attacks = results
            });
            else Print(results);
            return 0;
        });
        return command;
    }

    private static void Print(IReadOnlyList<AttackResult> results)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("attack", "unsafe, no guard", "guarded answers", "guarded prompts and answers",
            "safe answers withheld");
        foreach (AttackResult result in results)
            table.AddRow(Markup.Escape(result.Name), Show(result.Unsafe), Show(result.UnsafeAnswersGuarded), Show(result.UnsafeGuarded),
                double.IsNaN(result.SafeWithheld) ? "–" : $"{result.SafeWithheld:0.0%}");
        Output.People.Write(table);
        foreach (AttackResult result in results) Output.Line($"{result.Name}: {result.Description}");
    }

    private static string Show(Estimate share) => $"{100 * share.Value:0.0} % ({100 * share.Low:0.0}–{100 * share.High:0.0})";
}
