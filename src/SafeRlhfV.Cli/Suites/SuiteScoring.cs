using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Evaluation;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary>Scores the answers to benchmarks, writes figures.json and items.jsonl beside them and prints the figures.</summary>
internal static class SuiteScoring
{
    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Scores and prints.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(ParseResult parsed, IReadOnlyList<Suite> suites, ScorerArguments arguments, bool json,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<string> harnesses = arguments.Harnesses(parsed);
        JsonArray documents = [];
        foreach (Suite suite in suites)
        {
            JsonObject settings = AnswerFiles.CommonSettings(suite.Folder);
            AnswerSet answers = AnswerSet.Read(suite.Folder);
            AnswerSet? other = arguments.Baseline(parsed, suite);
            IReadOnlyList<AnswerScorer> scorers = arguments.Open(parsed, suite.Benchmark);
            string verdicts = Path.Combine(suite.Folder, $"verdicts{suite.Shard.Suffix}.jsonl");
            using VerdictJournal journal = new(verdicts, Directory.EnumerateFiles(suite.Folder, "verdicts*.jsonl").Where(file => file != verdicts));
            ProgressView progress = new($"score {suite.Benchmark.Name}");
            int total = suite.Count();
            BenchmarkFiles files = suite.Open();
            BenchmarkRun run = await BenchmarkRun.ScoreAsync(suite.Benchmark, files, suite.Read(files), answers, other, scorers, journal,
                done => progress.Report(done, Math.Max(done, total)), cancellationToken);
            progress.Done($"{DataArguments.Count(run.Items, "item")} by {string.Join(", ", run.Scorers.Select(result => result.Scorer.Name))}");
            if (files.Dropped.Count > 0) Output.Note(AnswerMaker.Dropped(files));
            if (run.Items > 0 && run.Scorers.All(result => result.Items.Count == 0))
                throw ScorerArguments.NothingFits(suite.Benchmark, scorers.Select(scorer => scorer.Name));
            int unanswered = Math.Max(0, total - files.Dropped.Count - run.Items);
            if (unanswered > 0)
                Output.Note($"warning: {suite.Benchmark.Name}: {unanswered} of {DataArguments.Count(total, "item")} have no answer; "
                    + $"the figures are of the other {run.Items}. "
                    + "Run 'eval answers' for all shards and without --limit, or give 'eval score' the same --limit.");
            List<HarnessFigure> compared = [];
            foreach (string harness in harnesses)
            {
                HarnessFigure[] own = [.. run.Scorers.SelectMany(result => Compare(harness, suite, result, answers))];
                if (own.Length == 0)
                    Output.Note($"{suite.Benchmark.Name}: {harness} has no figure of what was read here"
                        + $"{(HarnessFigures.ByOwnPhrases.Contains((harness, suite.Benchmark.Name)) ? "; it scores by a list of phrases of its own" : "")}.");
                compared.AddRange(own);
            }
            JsonObject document = BenchmarkReport.ToJson(run, AnswerFiles.ModelOf(settings), Path.GetFullPath(suite.Data),
                harnesses.Count > 0 ? compared : null);
            document["items_without_answer"] = unanswered;
            if (other is not null) document["baseline"] = AnswerFiles.ModelOf(AnswerFiles.CommonSettings(other.Place));
            document["settings"] = SettingsOf(suite, settings);
            ResultItems.Write(Path.Combine(suite.Folder, $"items{suite.Shard.Suffix}.jsonl"), run.ByItem);
            AtomicFile.Write(Path.Combine(suite.Folder, $"figures{suite.Shard.Suffix}.json"), document.ToJsonString(Written) + "\n");
            documents.Add(document);
            if (!json) Print(run, compared);
        }
        if (json) Output.Json(documents);
        return 0;
    }

    private static IEnumerable<HarnessFigure> Compare(string harness, Suite suite, ScorerResult result, AnswerSet answers)
    {
        BenchmarkFiles files = suite.Open(withoutImages: true);
        // without limit and shard: which items those are, only a reading with images tells
        Dictionary<string, BenchmarkItem> items = suite.Benchmark.Read(files, suite.Subset).ToDictionary(item => item.Id);
        ILookup<string, ItemVerdict> verdicts = result.Verdicts.Where(verdict => verdict.Sample == 0 && verdict.Vote == 0).ToLookup(verdict => verdict.Item);
        return HarnessFigures.Of(harness, suite.Benchmark.Name, result.Scorer.Form, [.. result.Items.Select(item => new RawItem(item.Id, item.Facts,
            items[item.Id].Record.Options, result.Scorer is ExactScorer
                ? new Dictionary<string, string> { [ScoredItem.Only] = answers.Of(items[item.Id])[0].Response }
                : verdicts[item.Id].ToDictionary(verdict => verdict.Aspect, verdict => verdict.Reason ?? "")))]);
    }

    // what the figures follow from beside the scorers, so that results can be compared and their images found again
    private static JsonObject SettingsOf(Suite suite, JsonObject answers) => new()
    {
        ["images"] = suite.Images is { } images ? Path.GetFullPath(images) : null,
        ["subset"] = suite.Subset,
        ["limit"] = suite.Limit,
        ["shard"] = suite.Shard.Of == 1 ? null : suite.Shard.Suffix.TrimStart('-'),
        ["answers"] = answers,
    };

    private static void Print(BenchmarkRun run, IReadOnlyList<HarnessFigure> compared)
    {
        AnswerFigures answers = run.Answers;
        Output.Line($"{run.Benchmark.Name}: {DataArguments.Count(run.Items, "item")}, {DataArguments.Count(answers.Answers, "answer")}"
            + $"{(answers.Empty > 0 ? $", {answers.Empty} empty" : "")}{(answers.Errors > 0 ? $", {answers.Errors} failed" : "")}; ran into the limit "
            + $"{Share(answers.Cut)}; mean length {Number(answers.MeanTokens, "0.0")} tokens, {Number(answers.MeanCharacters, "0")} characters; refused of "
            + $"harmful {Share(answers.RefusalOfHarmful)}, of harmless {Share(answers.RefusalOfHarmless)}");
        foreach (ScorerResult result in run.Scorers)
        {
            Table table = new Table().Border(TableBorder.Rounded).AddColumns(Markup.Escape(result.Scorer.Name), "part", "value", "95 %");
            foreach (Figure figure in result.Figures)
                table.AddRow(Markup.Escape(figure.Name), Markup.Escape(figure.Part), Markup.Escape(string.Join(" to ", figure.Values.Select(Show))),
                    figure.Interval is { } interval ? $"{Show(interval.Low)} to {Show(interval.High)}"
                    : figure.Units > 0 ? $"none: all {figure.Units} alike" : "");
            Output.People.Write(table);
            Output.Line($"{result.Scorer.Name}: read {result.Count(VerdictStatus.Read)}, unparsed {result.Count(VerdictStatus.Unparsed)}, empty "
                + $"{result.Count(VerdictStatus.Empty)}, error {result.Count(VerdictStatus.Error)}"
                + $"{(run.Items > result.Items.Count ? $"; no verdict on {DataArguments.Count(run.Items - result.Items.Count, "item")}" : "")}");
        }
        foreach (ScorerAgreement pair in run.Agreement)
            Output.Line($"{pair.First} and {pair.Second}: kappa {Number(pair.Kappa, "0.000")} over {DataArguments.Count(pair.Items, "harmful item")}");
        foreach (HarnessFigure figure in compared)
            Output.Line($"as {figure.By}: {figure.Name}{string.Concat(figure.Of.Select(part => $", {part.Fact} {part.Value}"))} {Show(figure.Value)} "
                + $"({figure.Unit}){Ours(run, figure)}");
    }

    private static string Ours(BenchmarkRun run, HarnessFigure figure) => run.Scorers.SelectMany(result => result.Figures)
        .FirstOrDefault(own => own.Name == figure.Name && own.By.SequenceEqual(figure.Of)) is { } found ? $"; ours {Show(found.Value)}" : "";

    private static string Share(Estimate estimate) => double.IsNaN(estimate.Value) ? "–" : estimate.Value.ToString("0.0%", CultureInfo.InvariantCulture);

    private static string Show(double value) => Number(value, Math.Abs(value) >= 10 && value != Math.Floor(value) ? "0.0" : "0.####");

    private static string Number(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "–";
}
