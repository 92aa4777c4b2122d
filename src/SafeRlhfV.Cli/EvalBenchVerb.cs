using System.CommandLine;
using SafeRlhfV.Evaluation;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>eval bench</c>: answers benchmarks with a model and scores the answers, from the files as released.</summary>
internal static class EvalBenchVerb
{
    public static Command Create()
    {
        SuiteArguments suites = new();
        AnswerArguments answers = new();
        ScorerArguments scorers = new();
        Option<bool> list = new("--list") { Description = "Show the benchmarks: what each needs, its figures and its scorers." };
        Option<string?> show = new Option<string?>("--show-rubric") { Description = "Print a judge's rubric, or the names of all where the name is 'all'." }
            .Completes([.. Rubric.Names, "all"]);
        Option<bool> json = Output.JsonOption();
        Command command = new("bench", "Measure a model on released benchmarks. Example: safe-rlhf-v eval bench --suite mm-safetybench,vlguard --data "
            + "benchmarks --model runs/ppo --guard runs/guard --judge qwen2.5-vl-72b --endpoint http://127.0.0.1:8000/v1 --out results/ppo")
        { list, show, json };
        foreach (Option option in (Option[])[.. suites.All, .. answers.All, .. scorers.All]) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(list)) return List(parsed.GetValue(json));
            if (parsed.GetValue(show) is { } rubric) return Show(rubric);
            using ScorerArguments owned = scorers;
            IReadOnlyList<Suite> wanted = suites.Read(parsed);
            scorers.Check(parsed, wanted);
            using (AnswerMaker maker = answers.Open(parsed))
                foreach (Suite suite in wanted) await maker.AnswerAsync(suite, cancellationToken);
            return await SuiteScoring.RunAsync(parsed, wanted, scorers, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    /// <summary>Checks a command line of this verb before there is a model that answers: benchmarks, their files, and who scores them.</summary>
    /// <param name="words">The options.</param>
    /// <exception cref="InvalidInputException">Something is not there or does not fit, or a benchmark has no item that is wanted.</exception>
    public static void Check(IReadOnlyList<string> words)
    {
        SuiteArguments suites = new();
        using ScorerArguments scorers = new();
        Command options = new("bench");
        foreach (Option option in (Option[])[.. suites.All, .. scorers.All]) options.Add(option);
        ParseResult parsed = options.Parse([.. words]);
        IReadOnlyList<Suite> wanted = suites.Read(parsed);
        foreach (Suite suite in wanted)
        {
            BenchmarkFiles files = suite.Open(withoutImages: true);
            if (!suite.Read(files).Any()) throw AnswerMaker.Nothing(suite, files);
        }
        scorers.Check(parsed, wanted);
    }

    private static int List(bool json)
    {
        if (json)
        {
            Output.Json(BenchmarkList.All.Select(benchmark => new
            {
                benchmark.Name,
                benchmark.Measures,
                benchmark.Files,
                benchmark.Figures,
                benchmark.Scorers,
                benchmark.Subset,
                benchmark.Samples,
            }));
            return 0;
        }
        Table table = new Table().Border(TableBorder.Rounded).ShowRowSeparators().AddColumns("benchmark", "measures", "needs", "figures", "scorers");
        foreach (IBenchmark benchmark in BenchmarkList.All)
            table.AddRow([.. ((string[])[benchmark.Name, benchmark.Measures,
                $"{benchmark.Files}{(benchmark.Subset is null ? "" : $"; --subset: {benchmark.Subset}")}", benchmark.Figures,
                string.Join(", ", benchmark.Scorers)]).Select(Markup.Escape)]);
        Output.People.Write(table);
        return 0;
    }

    private static int Show(string rubric)
    {
        if (rubric == "all") foreach (string name in Rubric.Names) Output.Line(name);
        else Output.Line(Rubric.Open(rubric).Text.TrimEnd());
        return 0;
    }
}
