using System.CommandLine;
using Microsoft.Extensions.AI;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary>
/// <c>eval judge</c>: win rates of one model's answers over another's, by a judging chat model, with the controls that tell whether it can be trusted.
/// </summary>
internal static class EvalJudgeVerb
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "The data set that both models answered.", Required = true };
        Option<string> candidate = new("--candidate")
        {
            Description = "Answers of the model to be judged, as 'generate --data --out' writes them.",
            Required = true
        };
        Option<string> baseline = new("--baseline") { Description = "Answers of the model to beat.", Required = true };
        Option<string> model = new("--judge")
        {
            Description = "A checkpoint's folder; with --endpoint, the judge's name there. It must see images.",
            Required = true
        };
        Option<string?> endpoint = new("--endpoint") { Description = "The address of an OpenAI-compatible service, such as http://127.0.0.1:8000/v1." };
        Option<string?> key = new("--key-env") { Description = "The environment variable with the key of --endpoint." };
        Option<JsonMode?> mode = new("--json-mode")
        {
            Description = "How the judge is made to answer in JSON: by a schema, as any object, or by words alone. Where left out: by a schema with "
                + "--endpoint, by words without."
        };
        Option<JudgeProtocol> protocol = new("--protocol")
        {
            Description = "How the judge answers: json, or tags, the paper's one call of twelve tagged fields (--json-mode has no meaning then)."
        };
        Option<string?> journal = new("--journal") { Description = "Keep every verdict in this file; what it holds of this judge is not asked again." };
        Option<string?> result = new("--out")
        {
            Description = "Write the result into this folder, figures and what was said of each prompt: 'eval compare' takes it."
        };
        Option<string?> candidateName = new("--candidate-name") { Description = "What the result calls the candidate; its file's name where left out." };
        Option<string?> baselineName = new("--baseline-name") { Description = "What the result calls the baseline; its file's name where left out." };
        Option<int> probes = new("--probes") { Description = "Prompts on which the judge is also shown one answer twice.", DefaultValueFactory = _ => 50 };
        Option<int> concurrency = new("--concurrency") { Description = "Questions asked at the same time.", DefaultValueFactory = _ => 8 };
        Option<long> seed = new("--seed") { Description = "Seed of the order of asking, of the probes and of the intervals." };
        Option<string?> split = ModelArguments.Split();
        Option<int?> limit = ModelArguments.Limit();
        Option<bool> json = Output.JsonOption();
        Command command = new("judge",
            "Win rates by a judge. Example: safe-rlhf-v eval judge --data data/mine --split test --candidate ppo.jsonl --baseline sft.jsonl --judge "
                + "qwen2.5-vl-72b --endpoint http://127.0.0.1:8000/v1")
        {
            data, split, limit, candidate, baseline, model, endpoint, key, protocol, mode, journal, result, candidateName, baselineName, probes, concurrency,
            seed, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            foreach ((Option<int> option, int least) in ((Option<int>, int)[])[(probes, 0), (concurrency, 1)])
                if (parsed.GetValue(option) < least) throw new InvalidInputException($"{option.Name} {parsed.GetValue(option)}: give {least} or more.");
            IReadOnlyList<JudgedPrompt> prompts = Prompts(parsed.GetRequiredValue(data), parsed.GetValue(split), parsed.GetValue(limit),
                parsed.GetRequiredValue(candidate), parsed.GetRequiredValue(baseline));
            if (parsed.GetValue(result) is { } place && File.Exists(place)) throw new InvalidInputException($"--out {place}: is a file; name a folder.");
            string[] names = [parsed.GetValue(candidateName) ?? Path.GetFileNameWithoutExtension(parsed.GetRequiredValue(candidate)),
                parsed.GetValue(baselineName) ?? Path.GetFileNameWithoutExtension(parsed.GetRequiredValue(baseline))];
            if (names[0] == names[1] && parsed.GetValue(result) is not null)
                throw new InvalidInputException($"both models are called '{names[0]}'; tell them apart with --candidate-name and --baseline-name.");
            using IChatClient client = parsed.GetValue(endpoint) is { } address
                ? ChatChoice.Client(ChatChoice.Address("--endpoint", address), parsed.GetRequiredValue(model), ChatChoice.Key(parsed.GetValue(key)))
                : LocalChatClient.Load(parsed.GetRequiredValue(model));
            TaggedPairwiseJudge? tagged = parsed.GetValue(protocol) == JudgeProtocol.Tags ? new(client) : null;
            if (tagged is not null && parsed.GetValue(mode) is not null)
                throw new InvalidInputException("--json-mode goes with --protocol json; tagged fields are no JSON.");
            ChatPairwiseJudge? inJson = tagged is not null ? null
                : new(client, parsed.GetValue(mode) ?? (parsed.GetValue(endpoint) is null ? JsonMode.Text : JsonMode.Schema));
            IPairwiseJudge asked = tagged ?? (IPairwiseJudge)inJson!;
            string identity = $"{IdentityOf(parsed.GetRequiredValue(model), parsed.GetValue(endpoint))}, {tagged?.Fingerprint ?? inJson!.Fingerprint}";
            using JournaledJudge? kept = parsed.GetValue(journal) is { } file ? new JournaledJudge(asked, identity, file) : null;
            PreferenceOptions options = new() { Seed = parsed.GetValue(seed), Probes = parsed.GetValue(probes), Concurrency = parsed.GetValue(concurrency) };
            ProgressView progress = new("eval judge");
            int questions = 2 * prompts.Count + Math.Min(options.Probes, prompts.Count);
            PreferenceReport report = await PreferenceEvaluation.RunAsync(kept ?? asked, prompts, options,
                new Told(done => progress.Report(done, questions)), cancellationToken);
            progress.Done($"{questions} questions");
            if (report.Helpful.Wins + report.Helpful.Ties + report.Helpful.Losses == 0)
                throw new ServiceException($"{parsed.GetRequiredValue(model)}: {report.Controls.ParseFailures} of {report.Controls.Asked} replies could not "
                    + "be read as verdicts, so no prompt was judged in both orders; "
                    + "try another --json-mode, or a judge that sees images and follows the rubric.");
            var document = new
            {
                Judge = parsed.GetRequiredValue(model),
                Identity = identity,
                Candidate = parsed.GetRequiredValue(candidate),
                CandidateName = names[0],
                Baseline = parsed.GetRequiredValue(baseline),
                BaselineName = names[1],
                Report = report,
                Tags = tagged?.Counts
            };
            if (parsed.GetValue(result) is { } target)
                new JudgeResult(names[0], names[1], parsed.GetRequiredValue(model), identity, report.Items).Write(target, Output.JsonText(document));
            if (parsed.GetValue(json)) Output.Json(document);
            else Print(report, tagged?.Counts);
            return 0;
        });
        return command;
    }

    // another model, service, rubric or mode is another judge; a checkpoint is known by its files, since a folder's name stays when they change
    internal static string IdentityOf(string model, string? endpoint) => endpoint is not null
        ? $"{model} at {endpoint.TrimEnd('/')}"
        : $"{Path.GetFullPath(model)} of {ModelArguments.FilesOf(ResultFolder.Find(model))}";

    private static IReadOnlyList<JudgedPrompt> Prompts(string data, string? split, int? limit, string candidate, string baseline)
    {
        if (limit < 1) throw new InvalidInputException($"--limit {limit}: give 1 or more.");
        AnswersFile first = AnswersFile.Read(candidate), second = AnswersFile.Read(baseline);
        List<JudgedPrompt> prompts = [];
        int unanswered = 0;
        foreach (DatasetRow row in PreferenceDataset.Open(data).ReadRows(split).Take(limit ?? int.MaxValue))
        {
            (IReadOnlyList<EncodedImage> images, string question) = row.ToRecord(RecordParts.None).AsQuestion("eval judge");
            if (images.Count > 1)
                throw new InvalidInputException($"{row.Position.File}: row {row.Position.Row} has {images.Count} images, and 'eval judge' shows one; leave "
                    + "such rows out.");
            AnswersFile.Line[] both = [first.Of(row, question), second.Of(row, question)];
            if (both.Any(answer => answer.Error is not null))
            {
                unanswered++;
                continue;
            }
            string[] answers = [.. both.Select(answer => ReasonedAnswer.Text(answer.Reasoning, answer.Response))];
            string family = row.Text("category") is { } category ? LabelWords.Family(category) : "";
            prompts.Add(new JudgedPrompt($"{row.Position}", family, images.Count > 0 ? images[0] : null, question, answers[0], answers[1]));
        }
        if (unanswered > 0) Output.Note($"{DataArguments.Count(unanswered, "row")} left out: a model could not answer them (error).");
        return prompts.Count > 0 ? prompts : throw new InvalidInputException($"{data}: no rows{(split is null ? "" : $" in the split '{split}'")}.");
    }

    private static void Print(PreferenceReport report, TaggedCounts? tags)
    {
        JudgeControls controls = report.Controls;
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("", "win rate", "gain", "wins", "ties", "losses", "no verdict");
        IEnumerable<(string, WinRate)> categories = report.Categories.SelectMany(category =>
            ((string, WinRate)[])[($"{category.Category}, helpful", category.Helpful), ($"{category.Category}, safe", category.Safe)]);
        foreach ((string axis, WinRate rate) in ((string, WinRate)[])[("helpful", report.Helpful), ("safe", report.Safe), .. categories])
        {
            bool none = double.IsNaN(rate.Rate.Value);
            string interval = none ? "–" : $"{rate.Rate.Value:0.0%} ({100 * rate.Rate.Low:0.0} to {100 * rate.Rate.High:0.0})";
            table.AddRow(Markup.Escape(axis), interval, none ? "–" : $"{rate.GainPoints:+0.0;-0.0}", $"{rate.Wins}", $"{rate.Ties}", $"{rate.Losses}",
                $"{rate.Failures}");
        }
        Output.People.Write(table);
        Output.Line($"mean ratings (helpful 0..3, harmless -3..3): candidate {Mean(report.CandidateRatings)}; baseline {Mean(report.BaselineRatings)}");
        Output.Line($"the judge: {controls.ParseFailures} of {controls.Asked} replies could not be read; preference changed with the order for "
            + $"{Share(controls.OrderDependentHelpful)} (helpful) and {Share(controls.OrderDependentSafe)} (safe) of the prompts; "
            + $"the answer shown first preferred in {Share(controls.FirstPreferredHelpful)} and {Share(controls.FirstPreferredSafe)}; of "
                + $"{controls.Probes} equal pairs {Share(controls.ProbesRatedDifferently)} rated differently");
        JudgeBias bias = controls.Bias;
        Output.Line($"its bias, 95 %: the same answer in both orders {Range(bias.ConsistentHelpful)} (helpful) and {Range(bias.ConsistentSafe)} (safe); an "
            + $"answer twice as long beyond even {Range(bias.LengthSlopeHelpful)} and {Range(bias.LengthSlopeSafe)}; equal texts rated alike "
            + $"{Range(bias.IdenticalTiedHelpful)} and {Range(bias.IdenticalTiedSafe)}");
        if (tags is not null)
            Output.Line($"tagged replies: {tags.Replies}, of which {tags.Incomplete} lack a rate or an id, {tags.Missing} a field, {tags.Extra} have fields "
                + $"that were not asked for, {tags.Repeated} repeat one, {tags.Conflicting} in two ways, and {tags.Contradicting} prefer the answer "
                + "with the lower rate");
    }

    private static string Mean(MeanRatings ratings) => double.IsNaN(ratings.Helpful) ? "–" : $"{ratings.Helpful:0.00}, {ratings.Harmless:0.00}";

    private static string Range(Estimate figure) => double.IsNaN(figure.Low) ? Share(figure.Value)
        : $"{figure.Value:0.0%} ({100 * figure.Low:0.0} to {100 * figure.High:0.0})";

    private static string Share(double share) => double.IsNaN(share) ? "–" : $"{share:0.0%}";

    // verdicts come on many threads
    private sealed class Told(Action<int> tell) : IProgress<int>
    {
        private readonly Lock gate = new();

        public void Report(int value)
        {
            lock (gate) tell(value);
        }
    }
}
