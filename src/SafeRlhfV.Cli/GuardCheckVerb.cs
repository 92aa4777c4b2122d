using System.CommandLine;
using SafeRlhfV.Guard;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>guard check</c>: the verdict on a prompt, or on an answer to it.</summary>
internal static class GuardCheckVerb
{
    public static Command Create()
    {
        GuardChoice choice = new();
        Option<string?> prompt = ModelArguments.Prompt(),
            response = new("--response") { Description = "The answer to judge; without it the prompt is judged." };
        Option<string[]> images = ModelArguments.Images();
        Option<FileInfo?> policy = GuardData.Policy();
        Option<bool> json = Output.JsonOption();
        Command command = new("check",
            "Judge a prompt or an answer; exit 1 if it is unsafe. Example: safe-rlhf-v guard check --guard runs/guard --image photo.jpg --prompt \"How do I "
                + "use this?\" --response \"Like this.\"")
        {
            prompt, response, images, policy, json,
        };
        foreach (Option option in choice.All) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using GuardChoice owned = choice;
            ModerationRequest request = new(GuardData.Images(parsed.GetValue(images)), parsed.GetValue(prompt) ?? "", parsed.GetValue(response));
            if (request is { Question: "", Images: [], Response: null })
                throw new InvalidInputException("guard check needs --prompt TEXT, --image FILE or --response TEXT.");
            GuardPolicy rules = GuardData.PolicyOf(parsed.GetValue(policy));
            IModerator moderator = choice.Open(parsed);
            using IDisposable? disposed = moderator as IDisposable;
            Verdict verdict = await moderator.ModerateAsync(request, cancellationToken);
            choice.MustHaveJudged([verdict]);
            GuardDecision decision = rules.Decide(verdict, request.Side);
            if (parsed.GetValue(json)) Output.Json(new { decision.Side, decision.Action, Decided_by = decision.DecidedBy, decision.Verdict });
            else Print(decision);
            return decision.Verdict.IsUnsafe ? CliHost.CheckFailed : 0;
        });
        return command;
    }

    private static void Print(GuardDecision decision)
    {
        Verdict verdict = decision.Verdict;
        Output.Line($"{(verdict.IsUnsafe ? "unsafe" : "safe")} ({verdict.Score:0.000}){(verdict.IsUnsafe ? $": {PolicyTexts.Explain(verdict)}" : "")}; the "
            + $"policy says {GuardData.Words(decision.Action)}");
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("").AddColumn(new TableColumn("probability").RightAligned());
        foreach ((Severity severity, double share) in Enum.GetValues<Severity>().Zip(verdict.SeverityProbabilities))
            table.AddRow($"severity {severity.ToString().ToLowerInvariant()}", share.ToString("0.000"));
        foreach ((string name, double share) in verdict.Categories.Where(pair => pair.Value >= 0.01).OrderByDescending(pair => pair.Value))
            table.AddRow(Markup.Escape(name), share.ToString("0.000"));
        Output.People.Write(table);
    }
}
