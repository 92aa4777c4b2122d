using System.CommandLine;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary><c>eval compare</c>: one page over any number of results, compared item by item.</summary>
internal static class EvalCompareVerb
{
    /// <summary>The files of a comparison's folder.</summary>
    internal const string PageName = "index.html", MarkdownName = "comparison.md", ResultsName = "results.json";

    public static Command Create()
    {
        Argument<string[]> results = new("results")
        {
            Description = "Folders that 'eval bench', 'eval judge --out' or 'align' wrote; NAME=FOLDER calls a result by another name than its folder's.",
            Arity = ArgumentArity.OneOrMore
        };
        Option<string> folder = new("--out") { Description = "The folder of the page, its Markdown and results.json.", Required = true };
        Option<string?> suite =
            new Option<string?>("--suite") { Description = "Only these benchmarks, with commas; all that the results hold where left out." }
                .CompletesEach(SuiteArguments.Names);
        Option<string?> people = new("--people")
        {
            Description = "A data set of pairs that people labelled ('data annotate --export'): how far scorers and judges agree with them."
        };
        Option<int> gallery = new("--gallery") { Description = "At most this many items on which models differ.", DefaultValueFactory = _ => 24 };
        Option<bool> overwrite = new("--overwrite") { Description = "Replace a page that is there." };
        Option<bool> json = Output.JsonOption();
        Command command = new("compare", "Compare results item by item on one offline page. Example: safe-rlhf-v eval compare results/start results/ppo "
            + "results/dpo --out pages/methods")
        { results, folder, suite, people, gallery, overwrite, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            string target = parsed.GetRequiredValue(folder);
            if (parsed.GetValue(gallery) < 0) throw new InvalidInputException($"--gallery {parsed.GetValue(gallery)}: give 0 or more.");
            AtomicFolder.Check(target, parsed.GetValue(overwrite));
            IReadOnlyCollection<string>? wanted = parsed.GetValue(suite) is { } names
                ? [.. BenchmarkList.Named(names).Select(benchmark => benchmark.Name)] : null;
            (IReadOnlyList<ComparedResult> benched, IReadOnlyList<JudgeResult> judged) = Read(parsed.GetRequiredValue(results), wanted);
            foreach (string place in benched.Select(result => result.Folder)) AtomicFolder.Check(target, overwrite: true, place);
            PeopleLabels? labels = parsed.GetValue(people) is { } data ? PeopleLabels.Read(data) : null;
            Comparison comparison = Comparison.Of(benched, judged, labels, parsed.GetValue(gallery));
            string document = ComparisonFile.Write(comparison);
            AtomicFolder.Write(target, parsed.GetValue(overwrite), place =>
            {
                ComparisonPage.Write(Path.Combine(place, PageName), comparison, ComparedImages.Read(comparison.Gallery, benched));
                File.WriteAllText(Path.Combine(place, MarkdownName), ComparisonMarkdown.Write(comparison));
                File.WriteAllText(Path.Combine(place, ResultsName), document);
            });
            foreach (BenchmarkComparison benchmark in comparison.Benchmarks)
                foreach ((string model, int left) in benchmark.Models.Zip(benchmark.LeftOut))
                    if (left > 0)
                        Output.Note($"{benchmark.Benchmark}: {DataArguments.Count(left, "item")} of {model} left out; {benchmark.Items} in all results.");
            foreach (string note in comparison.Notes.Concat(comparison.Benchmarks.SelectMany(one => one.Notes.Select(note => $"{one.Benchmark}: {note}"))))
                Output.Note($"{note}.");
            if (parsed.GetValue(json)) Output.Line(document.TrimEnd());
            else Output.Line(Path.Combine(target, PageName));
            return Task.FromResult(0);
        });
        return command;
    }

    /// <summary>Reads results: all that a run of <c>align</c> measured, a judge's by its judge.json, else a folder of benchmarks.</summary>
    /// <exception cref="InvalidInputException">One is none.</exception>
    internal static (IReadOnlyList<ComparedResult> Benched, IReadOnlyList<JudgeResult> Judged) Read(IReadOnlyList<string> places,
        IReadOnlyCollection<string>? wanted = null)
    {
        List<ComparedResult> benched = [];
        List<JudgeResult> judged = [];
        foreach (string given in places)
        {
            (string name, string place) = Named(given);
            if (AlignedRun.In(place) is { } run)
            {
                (IReadOnlyList<ComparedResult> own, IReadOnlyList<JudgeResult> said) = run.Results(name, wanted);
                benched.AddRange(own);
                judged.AddRange(said);
            }
            else if (JudgeResult.IsIn(place)) judged.Add(JudgeResult.Read(place));
            else benched.Add(ComparedResult.Read(name, place, wanted));
        }
        return (benched, judged);
    }

    /// <summary>What a result is called, and where it is: NAME=FOLDER, or a folder that gives it its name.</summary>
    internal static (string Name, string Place) Named(string given) =>
        given.Split('=', 2) is [var name, var folder] && !Directory.Exists(given) ? (name, folder)
            : (AlignedRun.In(given)?.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(given))), given);
}
