using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Training;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>eval preference</c>: a reward or cost model on held-out pairs.</summary>
internal static class EvalPreferenceVerb
{
    /// <summary>What a score stands for.</summary>
    internal enum Score
    {
        /// <summary>Helpfulness: RM-V.</summary>
        Reward,

        /// <summary>Harm: CM-V.</summary>
        Cost,
    }

    public static Command Create()
    {
        Option<string> model = ModelArguments.Model(),
            data = new("--data") { Description = "A data set of pairs that the model has not learnt from.", Required = true };
        model.Description = "A checkpoint folder with a score head (a reward or cost model), or with --adapter the model below it.";
        Option<string?> adapter = new("--adapter")
        {
            Description = "A PEFT LoRA adapter folder, as training with lora writes it; its own score head counts where it has one."
        };
        Option<string?> split = ModelArguments.Split(), dtype = ModelArguments.Dtype(), device = ModelArguments.Device(),
            format = ModelArguments.ChatFormatName(), from = ModelArguments.ProcessorFolder();
        Option<Score?> kind = new("--as") { Description = "What the model's score means, where its folder does not say (results of 'train' do)." };
        Option<bool> grey = new("--grey")
        {
            Description = "Score once more with every image replaced by plain grey: what is left of the accuracy does not come from looking."
        };
        Option<int?> limit = ModelArguments.Limit();
        Option<int> batchSize = ModelArguments.BatchSize();
        Option<long> seed = new("--seed") { Description = "Seed of the intervals' resampling." };
        Option<bool> json = Output.JsonOption();
        Command command = new("preference",
            "Measure a reward or cost model on held-out pairs. Example: safe-rlhf-v eval preference --model runs/reward --as reward --data data/mine --split "
                + "test")
        {
            model, adapter, data, split, kind, grey, limit, batchSize, seed, dtype, device, format, from, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            (string folder, string? adapterFolder) = ModelArguments.Find(parsed.GetRequiredValue(model), parsed.GetValue(adapter));
            string path = parsed.GetRequiredValue(data);
            (IEnumerable<DatasetRow[]> batches, long count, RowLayout layout) = ModelArguments.Rows(path, parsed.GetValue(split), parsed.GetValue(limit),
                parsed.GetValue(batchSize));
            if (layout != RowLayout.Paired) throw new InvalidInputException($"{path}: has no pairs; 'eval preference' needs the paired layout.");
            if (count == 0) throw new InvalidInputException($"{path}: no rows in {(parsed.GetValue(split) is { } name ? $"the split '{name}'" : "it")}.");
            string headFolder = ScoreModel.HeadFolder(folder, adapterFolder);
            if (parsed.GetValue(kind) is { } asked)
                ModelArguments.CheckKind(headFolder, $"--as {asked.ToString().ToLowerInvariant()}", asked == Score.Reward ? ModelKind.Reward : ModelKind.Cost);
            else ModelKinds.Check(headFolder, [ModelKind.Reward, ModelKind.Cost, ModelKind.Scores], "eval preference");
            ModelProcessor processor = ModelArguments.Processor(folder, parsed.GetValue(format), parsed.GetValue(from));
            using ScoreModel loaded = ScoreModel.Load(folder, ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device)), adapterFolder);
            Score[] outputs = Outputs(loaded.Head, parsed.GetValue(kind), folder);
            ChatScorer scorer = new(loaded, processor);
            ProgressView progress = new("eval preference");
            List<ScoredPair>[] scored = [.. outputs.Select(_ => new List<ScoredPair>())];
            int seen = 0;
            foreach (DatasetRow[] batch in batches)
            {
                Pair[] pairs = [.. batch.Select(row => Pair.Of(row, outputs)).Where(pair => pair.Labels.Any(labels => labels is not null))];
                seen += batch.Length;
                if (pairs.Length == 0) continue;
                EncodedPrompt[] prompts = [.. pairs.Select(pair => ModelArguments.Encode(processor, pair.Row, null))];
                EncodedPrompt[]? blank = parsed.GetValue(grey) ? [.. pairs.Select(pair => ModelArguments.Encode(processor, pair.Row, null, grey: true))] : null;
                (IReadOnlyList<float[]> First, IReadOnlyList<float[]> Second) Both(EncodedPrompt[] asked) =>
                    (Scores(asked, pair => pair.Response1), Scores(asked, pair => pair.Response2));
                IReadOnlyList<float[]> Scores(EncodedPrompt[] asked, Func<Pair, string> response) =>
                    scorer.Score(asked, Ids(asked, response), cancellationToken);
                int[][] Ids(EncodedPrompt[] asked, Func<Pair, string> response) =>
                    [.. pairs.Zip(asked, (pair, prompt) => ModelArguments.Encode(scorer, pair.Row, prompt, response(pair)))];
                (IReadOnlyList<float[]> first, IReadOnlyList<float[]> second) = Both(prompts);
                (IReadOnlyList<float[]> First, IReadOnlyList<float[]> Second)? unseen = blank is null ? null : Both(blank);
                for (int output = 0; output < outputs.Length; output++)
                    scored[output].AddRange(pairs.Index().Where(one => one.Item.Labels[output] is not null).Select(one => new ScoredPair
                    {
                        Category = one.Item.Category,
                        Score1 = first[one.Index][output],
                        Score2 = second[one.Index][output],
                        GreyScore1 = unseen?.First[one.Index][output],
                        GreyScore2 = unseen?.Second[one.Index][output],
                        Labels = one.Item.Labels[output]!,
                    }));
                progress.Report(seen, (int)Math.Min(count, int.MaxValue));
            }
            progress.Done($"{scored.Max(pairs => pairs.Count)} pairs");
            foreach ((Score output, List<ScoredPair> pairs) in outputs.Zip(scored)) CheckLabels(path, output, pairs.Count, seen);
            ScoreModelResult[] results = [.. outputs.Zip(scored,
                (output, pairs) => ScoreModelEvaluation.Summarise(output == Score.Reward ? ModelNames.Reward : ModelNames.Cost, pairs, parsed.GetValue(seed)))];
            if (parsed.GetValue(json)) Output.Json(new { Model = folder, Data = path, Results = results });
            else foreach (ScoreModelResult result in results) Print(result);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void CheckLabels(string path, Score score, int pairs, int rows)
    {
        string needed = score == Score.Reward ? "two answers and more_helpful_response_id (or overall_response_id)" : "two answers and safer_response_id";
        if (pairs == 0) throw new InvalidInputException($"{path}: none of its {rows} rows can be used: {score.ToString().ToLowerInvariant()} needs {needed}.");
        if (pairs < rows) Output.Note($"{rows - pairs} of {rows} rows are left out: {score.ToString().ToLowerInvariant()} needs {needed}.");
    }

    private static Score[] Outputs(ScoreHead head, Score? asked, string folder) => (head.Outputs, asked) switch
    {
        (1, null) when head.Kind is { } kind => [kind == ModelKind.Cost ? Score.Cost : Score.Reward],
        (1, { } one) => [one],
        (1, null) => throw new InvalidInputException($"{folder}: say what its score means: --as reward or --as cost."),
        (ScoresTrainer.Outputs, null) => [Score.Reward, Score.Cost],
        (ScoresTrainer.Outputs, _) => throw new InvalidInputException($"{folder}: has reward and cost; leave --as out."),
        _ => throw new InvalidInputException($"{folder}: its head has {head.Outputs} outputs; a guard is measured by 'guard evaluate'."),
    };

    private static void Print(ScoreModelResult result)
    {
        (ScoreFigures figures, bool cost, bool grey) = (result.Noisy, result.Noisy.SignAccuracy is not null, result.Grey is not null);
        Output.Line($"{result.Name} on {result.Pairs} pairs: {Show(figures.PairAccuracy)} in the right order"
            + (result.Grey is { } blank ? $", {Show(blank.PairAccuracy)} with grey images" : ""));
        if (figures.SignAccuracy is { } sign)
            Output.Line($"sign of the score: {Show(sign)} right, {figures.BalancedSignAccuracy:0.0%} as the mean of safe and unsafe answers; area under the "
                + $"ROC curve {figures.Auc:0.000}");
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumns(["category", "pairs", "right order", .. cost ? ["right sign"] : Array.Empty<string>(), .. grey ? ["grey"] : Array.Empty<string>()]);
        foreach (CategoryScoreResult category in result.Categories)
            table.AddRow([Markup.Escape(category.Category), $"{category.Pairs}", $"{category.PairAccuracy:0.0%}",
                .. cost ? [$"{category.SignAccuracy:0.0%}"] : Array.Empty<string>(), .. grey ? [$"{category.GreyPairAccuracy:0.0%}"] : Array.Empty<string>()]);
        Output.People.Write(table);
    }

    private static string Show(Estimate estimate) => $"{estimate.Value:0.0%} ({100 * estimate.Low:0.0} to {100 * estimate.High:0.0})";

    // what a row says, whatever other columns it leaves out
    private sealed record Pair(DatasetRow Row, string Category, string Response1, string Response2, PairLabels?[] Labels)
    {
        private const string NoCategory = "no category";

        public static Pair Of(DatasetRow row, Score[] outputs)
        {
            RecordParts parts = RecordParts.Answers;
            foreach (Score output in outputs) parts |= output == Score.Reward ? RecordParts.Helpful : RecordParts.Safe | RecordParts.Labels | RecordParts.Rates;
            ConversationRecord record = row.ToRecord(parts);
            string category = row.Text("category") is { } name && name.Trim().Length > 0 ? LabelWords.Category(name) ?? name.Trim() : NoCategory;
            string[] answers = record.Kind == RecordKind.Pair ? [.. record.Answers.Select(answer => answer.Text)] : ["", ""];
            return new(row, category, answers[0], answers[1], [.. outputs.Select(output => PairLabels.Of(record, output == Score.Cost))]);
        }
    }
}
