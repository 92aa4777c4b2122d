using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary><c>eval answers</c>: answers benchmarks once, to be scored as often as one likes.</summary>
internal static class EvalAnswersVerb
{
    public static Command Create()
    {
        SuiteArguments suites = new();
        AnswerArguments answers = new();
        Option<bool> json = Output.JsonOption();
        Command command = new("answers",
            "Have a model answer benchmarks. Example: safe-rlhf-v eval answers --suite pope --data benchmarks/pope --model llava-1.5-7b-hf --out results/llava")
        { json };
        foreach (Option option in (Option[])[.. suites.All, .. answers.All]) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<Suite> wanted = suites.Read(parsed);
            using AnswerMaker maker = answers.Open(parsed);
            foreach (Suite suite in wanted) await maker.AnswerAsync(suite, cancellationToken);
            if (parsed.GetValue(json)) Output.Json(wanted.Select(suite => new { Benchmark = suite.Benchmark.Name, File = Path.GetFullPath(suite.AnswerFile) }));
            else foreach (Suite suite in wanted) Output.Line(suite.AnswerFile);
            return 0;
        });
        return command;
    }
}
