using System.CommandLine;
using Microsoft.Extensions.AI;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>guard regenerate</c>: generate, judge, and answer anew what is unsafe, up to K rounds; then refuse and say why.</summary>
internal static class GuardRegenerateVerb
{
    public static Command Create()
    {
        GuardChoice choice = new();
        ChatChoice chat = new();
        Option<string?> prompt = ModelArguments.Prompt(), data = ModelArguments.Data(), split = ModelArguments.Split(),
            file = new("--out") { Description = "With --data: write every row's rounds to this JSONL file." };
        Option<string[]> images = ModelArguments.Images();
        Option<int?> limit = ModelArguments.Limit(),
            rounds = new("--rounds") { Description = "How often an unsafe answer is regenerated (K); as the policy says where left out, else 5." };
        Option<string?> hint = new("--hint") { Description = "Put behind the question in later rounds, instead of the verdict in words." };
        Option<FileInfo?> policy = GuardData.Policy();
        Option<bool> overwrite = ModelArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("regenerate",
            "Filter and regenerate. "
                + "Example: safe-rlhf-v guard regenerate --guard runs/guard --model runs/sft --image photo.jpg --prompt \"How do I use this?\"")
        {
            prompt, images, data, split, limit, file, rounds, hint, policy, overwrite, json,
        };
        foreach (Option option in chat.All.Concat(choice.All)) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using GuardChoice owned = choice;
            if (parsed.GetValue(prompt) is null == parsed.GetValue(data) is null)
                throw new InvalidInputException("guard regenerate needs either --prompt TEXT or --data PATH.");
            if (parsed.GetValue(rounds) is < 0 or > 100) throw new InvalidInputException($"--rounds {parsed.GetValue(rounds)}: give 0 to 100.");
            ModerationRequest[] prompts = parsed.GetValue(prompt) is { } text
                ? [new(GuardData.Images(parsed.GetValue(images)), text)]
                : [.. PreferenceDataset.Open(parsed.GetValue(data)!).ReadRows(parsed.GetValue(split)).Take(parsed.GetValue(limit) ?? int.MaxValue)
                    .Select(row => GuardExamples.PromptOf(row.ToRecord(RecordParts.None), "guard regenerate"))];
            GuardPolicy rules = GuardData.PolicyOf(parsed.GetValue(policy));
            using LinesFile? lines = parsed.GetValue(file) is { } target ? new LinesFile(target, parsed.GetValue(overwrite)) : null;
            if (parsed.GetValue(rounds) is { } k) rules = rules with { Rounds = k };
            IModerator moderator = choice.Open(parsed);
            using IDisposable? disposed = moderator as IDisposable;
            using IChatClient model = chat.Open(parsed);
            ProgressView progress = new("guard regenerate");
            IReadOnlyList<RegenerationResult> results = await new FilterAndRegenerate(moderator, rules, Timeout.InfiniteTimeSpan).RunAsync(
                prompts,
                async (round, rows, token) =>
                {
                    progress.Report(round, rules.Rounds + 1, $"{rows.Count} of {prompts.Length} to answer");
                    return await Task.WhenAll(rows.Select(row =>
                        AnswerAsync(model, row, parsed.GetValue(hint), chat.Options(parsed, row.Index, round), token)));
                },
                cancellationToken: cancellationToken);
            choice.MustHaveJudged([.. results.SelectMany(result => result.Rounds).Select(round => round.Verdict)]);
            progress.Done($"{DataArguments.Count(results.Count, "prompt")}, {results.Count(result => result.IsRefused)} refused in the end");
            foreach ((RegenerationResult result, int row) in results.Select((result, row) => (result, row)))
                lines?.Line(Output.JsonLine(Describe(result, row)));
            lines?.Commit();
            if (parsed.GetValue(json)) Output.Json(new
            {
                Flagged_after = Curve(results, rules.Rounds),
                Refused = results.Count(result => result.IsRefused),
                Prompts = results.Count,
                Rows = results.Select(Describe)
            });
            else if (parsed.GetValue(prompt) is not null) PrintOne(results[0]);
            else PrintAll(results, rules.Rounds);
            return 0;
        });
        return command;
    }

    private static async Task<string> AnswerAsync(IChatClient model, RegenerationRow row, string? hint, ChatOptions options,
        CancellationToken cancellationToken)
    {
        string question = row.Feedback is null ? row.Prompt.Question : hint is null
            ? row.Prompt.Question + "\n\n" + row.Feedback
            : $"{row.Prompt.Question} {hint}";
        ChatMessage message = new(ChatRole.User, [.. row.Prompt.Images.Select(image => image.ToContent()), new TextContent(question)]);
        return (await model.GetResponseAsync([message], options, cancellationToken)).Text;
    }

    /// <summary>The share of prompts whose answer the guard still flags after each round.</summary>
    private static double[] Curve(IReadOnlyList<RegenerationResult> results, int rounds) =>
        [.. Enumerable.Range(0, rounds + 1).Select(round => results.Count(result => result.IsUnsafeAfter(round)) / (double)results.Count)];

    private static object Describe(RegenerationResult result, int row) => new
    {
        Row = row,
        result.Prompt.Question,
        result.Answer,
        Refused = result.IsRefused,
        Rounds = result.Rounds.Select(round =>
            new
            {
                round.Round,
                round.Answer,
                Action = round.Decision.Action,
                round.Verdict.IsUnsafe,
                round.Verdict.Score,
                round.Verdict.Severity,
                round.Verdict.Flagged,
                round.Verdict.Failure
            }),
    };

    private static void PrintOne(RegenerationResult result)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("round", "answer", "verdict");
        foreach (RegenerationRound round in result.Rounds)
            table.AddRow($"{round.Round}", Markup.Escape(round.Answer), Markup.Escape($"{round.Verdict.Score:0.000} {PolicyTexts.Explain(round.Verdict)}"));
        Output.Progress.Write(table);
        Output.Line(result.Notice is null ? result.Answer : $"{result.Notice}\n\n{result.Answer}");
    }

    private static void PrintAll(IReadOnlyList<RegenerationResult> results, int rounds)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("after round", "still flagged by the guard");
        foreach ((double share, int round) in Curve(results, rounds).Select((share, round) => (share, round))) table.AddRow($"{round}", $"{share:0.0%}");
        Output.People.Write(table);
        Output.Line($"{results.Count(result => result.IsRefused)} of {DataArguments.Count(results.Count, "prompt")} refused in the end");
    }
}
