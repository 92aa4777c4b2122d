using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
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
            Description = "Answers of the model to be judged, as 'generate --data --out' writes them; of several answers a row each is judged.",
            Required = true
        };
        Option<string> baseline = new("--baseline")
        {
            Description = "Answers of the model to beat: one a row, or as many as the candidate's.",
            Required = true
        };
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
            Description = "Write the result into this folder, figures and what was said of each answer: 'eval compare' takes it. What was begun there of the "
                + "same answers, judge and options is resumed."
        };
        Option<bool> overwrite = new("--overwrite") { Description = "Replace a result of other answers, another judge or other options in --out." };
        Option<string?> candidateName = new("--candidate-name") { Description = "What the result calls the candidate; its file's name where left out." };
        Option<string?> baselineName = new("--baseline-name") { Description = "What the result calls the baseline; its file's name where left out." };
        Option<int> probes = new("--probes") { Description = "How many answers the judge is also shown beside themselves.", DefaultValueFactory = _ => 50 };
        Option<int> concurrency = new("--concurrency") { Description = "Questions asked at the same time.", DefaultValueFactory = _ => 8 };
        Option<long> seed = new("--seed") { Description = "Seed of the order of asking, of the probes and of the intervals." };
        Option<string?> split = ModelArguments.Split();
        Option<int?> limit = ModelArguments.Limit();
        Option<bool> json = Output.JsonOption();
        Command command = new("judge",
            "Win rates by a judge. Example: safe-rlhf-v eval judge --data data/mine --split test --candidate ppo.jsonl --baseline sft.jsonl --judge "
                + "qwen2.5-vl-72b --endpoint http://127.0.0.1:8000/v1")
        {
            data, split, limit, candidate, baseline, model, endpoint, key, protocol, mode, journal, result, overwrite, candidateName, baselineName, probes,
            concurrency, seed, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            foreach ((Option<int> option, int least) in ((Option<int>, int)[])[(probes, 0), (concurrency, 1)])
                if (parsed.GetValue(option) < least) throw new InvalidInputException($"{option.Name} {parsed.GetValue(option)}: give {least} or more.");
            (IReadOnlyList<JudgedPrompt> prompts, RefusalRates ours, RefusalRates theirs) = Prompts(
                parsed.GetRequiredValue(data), parsed.GetValue(split), parsed.GetValue(limit),
                parsed.GetRequiredValue(candidate), parsed.GetRequiredValue(baseline));
            string? target = parsed.GetValue(result);
            if (target is not null && File.Exists(target)) throw new InvalidInputException($"--out {target}: is a file; name a folder.");
            string[] names = [parsed.GetValue(candidateName) ?? Path.GetFileNameWithoutExtension(parsed.GetRequiredValue(candidate)),
                parsed.GetValue(baselineName) ?? Path.GetFileNameWithoutExtension(parsed.GetRequiredValue(baseline))];
            if (names[0] == names[1] && target is not null)
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
            JsonObject work = new()
            {
                ["judge"] = identity,
                ["candidate"] = names[0],
                ["baseline"] = names[1],
                ["answers"] = DigestOf(prompts),
                ["probes"] = parsed.GetValue(probes),
                ["seed"] = parsed.GetValue(seed),
            };
            if (target is not null) CheckPlace(target, work, parsed.GetValue(overwrite));
            string? file = parsed.GetValue(journal) ?? (target is null ? null : Path.Combine(target, JudgeResult.VerdictsName));
            using JournaledJudge? kept = file is null ? null : new JournaledJudge(asked, identity, file);
            PreferenceOptions options = new() { Seed = parsed.GetValue(seed), Probes = parsed.GetValue(probes), Concurrency = parsed.GetValue(concurrency) };
            ProgressView progress = new("eval judge");
            int questions = 2 * prompts.Count + Math.Min(options.Probes, prompts.Count);
            PreferenceReport report = await PreferenceEvaluation.RunAsync(kept ?? asked, prompts, options,
                new Told(done => progress.Report(done, questions)), cancellationToken);
            progress.Done($"{questions} questions");
            if (report.Helpful.Wins + report.Helpful.Ties + report.Helpful.Losses == 0)
                throw new ServiceException($"{parsed.GetRequiredValue(model)}: {report.Controls.ParseFailures} of {report.Controls.Asked} replies could not "
                    + "be read as verdicts, so no answer was judged in both orders; "
                    + "try another --json-mode, or a judge that sees images and follows the rubric.");
            var document = new
            {
                Judge = parsed.GetRequiredValue(model),
                Identity = identity,
                Candidate = parsed.GetRequiredValue(candidate),
                CandidateName = names[0],
                Baseline = parsed.GetRequiredValue(baseline),
                BaselineName = names[1],
                Work = work,
                Report = report,
                CandidateRefusals = ours,
                BaselineRefusals = theirs,
                Tags = tagged?.Counts
            };
            if (target is not null)
                new JudgeResult(names[0], names[1], parsed.GetRequiredValue(model), identity, report.Items).Write(target, Output.JsonText(document));
            if (parsed.GetValue(json)) Output.Json(document);
            else
            {
                Print(report, tagged?.Counts);
                Output.Line($"refused: candidate {ours}; baseline {theirs}");
            }
            return 0;
        });
        return command;
    }

    // another model, service, rubric or mode is another judge; a checkpoint is known by its files, since a folder's name stays when they change
    internal static string IdentityOf(string model, string? endpoint) => endpoint is not null
        ? $"{model} at {endpoint.TrimEnd('/')}"
        : $"{Path.GetFullPath(model)} of {ModelArguments.FilesOf(ResultFolder.Find(model))}";

    // a result of other work is not lost by a slip; a folder with verdicts alone is a result that was stopped
    private static void CheckPlace(string folder, JsonObject work, bool overwrite)
    {
        if (overwrite || !Directory.Exists(folder)) return;
        if (!JudgeResult.IsIn(folder))
        {
            // the journal has a lock beside it
            if (Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName)
                .Any(name => name != JudgeResult.ItemsName && !name!.StartsWith(JudgeResult.VerdictsName, StringComparison.Ordinal)))
                throw new InvalidInputException($"--out {folder}: holds something else; choose another folder, or add --overwrite.");
            return;
        }
        JsonObject? before = JudgeResult.WorkIn(folder);
        if (JsonNode.DeepEquals(before, work)) return;
        string[] differing = [.. work.Where(one => !JsonNode.DeepEquals(before?[one.Key], one.Value)).Select(one => one.Key)];
        throw new InvalidInputException($"--out {folder}: holds a result that differs in {string.Join(", ", differing)}; "
            + "choose another folder, or replace it with --overwrite.");
    }

    private static string DigestOf(IReadOnlyList<JudgedPrompt> prompts) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        prompts.Select(prompt => (string[])[prompt.Id, $"{prompt.Sample}", prompt.Category, prompt.Question, prompt.Candidate, prompt.Baseline,
            prompt.Image?.Bytes is { } bytes ? Convert.ToHexStringLower(SHA256.HashData(bytes)) : ""]))));

    private static (IReadOnlyList<JudgedPrompt> Prompts, RefusalRates Candidate, RefusalRates Baseline) Prompts(
        string data, string? split, int? limit, string candidate, string baseline)
    {
        if (limit < 1) throw new InvalidInputException($"--limit {limit}: give 1 or more.");
        AnswersFile first = AnswersFile.Read(candidate), second = AnswersFile.Read(baseline);
        if (first.Samples != second.Samples && first.Samples != 1 && second.Samples != 1)
            throw new InvalidInputException($"{candidate} has {first.Samples} answers a row and {baseline} has {second.Samples}; give as many of both, or one "
                + "a row of one of them (generate --samples).");
        List<JudgedPrompt> prompts = [];
        List<(bool? IsHarmful, string Candidate, string Baseline)> said = [];
        int unanswered = 0;
        foreach (DatasetRow row in PreferenceDataset.Open(data).ReadRows(split).Take(limit ?? int.MaxValue))
        {
            ConversationRecord record = row.ToRecord(RecordParts.Prompt);
            (IReadOnlyList<EncodedImage> images, string question) = record.AsQuestion("eval judge");
            if (images.Count > 1)
                throw new InvalidInputException($"{row.Position.File}: row {row.Position.Row} has {images.Count} images, and 'eval judge' shows one; leave "
                    + "such rows out.");
            (IReadOnlyList<AnswersFile.Line> ours, IReadOnlyList<AnswersFile.Line> theirs) = (first.Of(row, question), second.Of(row, question));
            if (ours.Concat(theirs).Any(answer => answer.Error is not null))
            {
                unanswered++;
                continue;
            }
            string family = row.Text("category") is { } category ? LabelWords.Family(category) : "";
            for (int sample = 0; sample < Math.Max(ours.Count, theirs.Count); sample++)
            {
                prompts.Add(new JudgedPrompt($"{row.Position}", family, images.Count > 0 ? images[0] : null, question, TextOf(ours, sample),
                    TextOf(theirs, sample), sample));
                said.Add((record.Labels.PromptUnsafe, Answer(ours, sample).Response, Answer(theirs, sample).Response));
            }
        }
        if (unanswered > 0) Output.Note($"{DataArguments.Count(unanswered, "row")} left out: a model could not answer them (error).");
        if (prompts.Count == 0) throw new InvalidInputException($"{data}: no rows{(split is null ? "" : $" in the split '{split}'")}.");
        return (prompts, RefusalRates.Of(said.Select(one => (one.IsHarmful, one.Candidate))),
            RefusalRates.Of(said.Select(one => (one.IsHarmful, one.Baseline))));
    }

    // the one answer of a row stands against each of the other's
    private static AnswersFile.Line Answer(IReadOnlyList<AnswersFile.Line> answers, int sample) => answers[answers.Count == 1 ? 0 : sample];

    private static string TextOf(IReadOnlyList<AnswersFile.Line> answers, int sample) =>
        ReasonedAnswer.Text(Answer(answers, sample).Reasoning, Answer(answers, sample).Response);

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
        if (report.Answers > report.Prompts)
            Output.Line($"{DataArguments.Count(report.Answers, "answer")} to {DataArguments.Count(report.Prompts, "prompt")}; intervals are over prompts");
        Output.Line($"mean ratings (helpful 0..3, harmless -3..3): candidate {Mean(report.CandidateRatings)}; baseline {Mean(report.BaselineRatings)}");
        Output.Line($"the judge: {controls.ParseFailures} of {controls.Asked} replies could not be read; preference changed with the order for "
            + $"{Share(controls.OrderDependentHelpful)} (helpful) and {Share(controls.OrderDependentSafe)} (safe) of the pairs; "
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
