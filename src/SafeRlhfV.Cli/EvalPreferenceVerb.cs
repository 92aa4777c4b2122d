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
        Option<double?> pessimism = ModelArguments.Pessimism();
        Option<int> batchSize = ModelArguments.BatchSize();
        Option<long> seed = new("--seed") { Description = "Seed of the intervals' resampling." };
        Option<bool> skipLong = ModelArguments.SkipLong(), json = Output.JsonOption();
        Command command = new("preference",
            "Measure a reward or cost model on held-out pairs. Example: safe-rlhf-v eval preference --model runs/reward --as reward --data data/mine --split "
                + "test")
        {
            model, adapter, data, split, kind, grey, limit, pessimism, skipLong, batchSize, seed, dtype, device, format, from, json,
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
            if (parsed.GetValue(kind) is { } asked && ModelKinds.Of(headFolder) != ModelKind.Scores)
                ModelArguments.CheckKind(headFolder, $"--as {asked.ToString().ToLowerInvariant()}", asked == Score.Reward ? ModelKind.Reward : ModelKind.Cost);
            else ModelKinds.Check(headFolder, [ModelKind.Reward, ModelKind.Cost, ModelKind.Scores], "eval preference");
            ModelProcessor processor = ModelArguments.Processor(folder, parsed.GetValue(format), parsed.GetValue(from));
            using ScoreModel loaded = ScoreModel.Load(folder, ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device)), adapterFolder);
            Score[] outputs = Outputs(loaded.Head, parsed.GetValue(kind), folder);
            ChatScorer scorer = ModelArguments.Scorer(loaded, processor, parsed.GetValue(pessimism));
            ProgressView progress = new("eval preference");
            List<ScoredPair>[] scored = [.. outputs.Select(_ => new List<ScoredPair>())];
            (int seen, int tooLong) = (0, 0);
            foreach (DatasetRow[] batch in batches)
            {
                Pair[] pairs = [.. batch.Select(row => Pair.Of(row, outputs)).Where(pair => pair.Labels.Any(labels => labels is not null))];
                seen += batch.Length;
                if (pairs.Length == 0) continue;
                EncodedPair[] read = [.. pairs
                    .Select(pair => ModelArguments.Fitting(parsed.GetValue(skipLong), () => EncodedPair.Of(scorer, pair, grey: false))).OfType<EncodedPair>()];
                tooLong += pairs.Length - read.Length;
                if (read.Length == 0) continue;
                EncodedPair[]? blank = parsed.GetValue(grey) ? [.. read.Select(one => EncodedPair.Of(scorer, one.Pair, grey: true))] : null;
                (IReadOnlyList<float[]> First, IReadOnlyList<float[]> Second) Both(EncodedPair[] asked)
                {
                    EncodedPrompt[] prompts = [.. asked.Select(one => one.Prompt)];
                    return (scorer.Score(prompts, [.. asked.Select(one => one.First)], cancellationToken),
                        scorer.Score(prompts, [.. asked.Select(one => one.Second)], cancellationToken));
                }
                (IReadOnlyList<float[]> first, IReadOnlyList<float[]> second) = Both(read);
                (IReadOnlyList<float[]> First, IReadOnlyList<float[]> Second)? unseen = blank is null ? null : Both(blank);
                for (int output = 0; output < outputs.Length; output++)
                    scored[output].AddRange(read.Select(one => one.Pair).Index().Where(one => one.Item.Labels[output] is not null).Select(one => new ScoredPair
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
            progress.Done(DataArguments.Count(scored.Max(pairs => pairs.Count), "pair"));
            if (tooLong > 0) Output.Note($"{tooLong} of {DataArguments.Count(seen, "row")} are left out: they are longer than the model reads.");
            foreach ((Score output, List<ScoredPair> pairs) in outputs.Zip(scored)) CheckLabels(path, output, pairs.Count, seen - tooLong);
            ScoreModelResult[] results = [.. outputs.Zip(scored,
                (output, pairs) => ScoreModelEvaluation.Summarise(Name(output), pairs, parsed.GetValue(seed)))];
            PreferenceCalibration[] calibrations = [.. outputs.Zip(scored, (output, pairs) => PreferenceCalibration.Measure(Name(output), pairs))];
            if (parsed.GetValue(json)) Output.Json(new { Model = folder, Data = path, Results = results, Calibrations = calibrations });
            else foreach ((ScoreModelResult result, PreferenceCalibration calibration) in results.Zip(calibrations)) Print(result, calibration);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void CheckLabels(string path, Score score, int pairs, int rows)
    {
        string needed = score == Score.Reward ? "two answers and more_helpful_response_id (or overall_response_id)" : "two answers and safer_response_id";
        if (pairs == 0)
            throw new InvalidInputException($"{path}: {(rows == 1 ? "its only row cannot" : $"none of its {rows} rows can")} be used: "
                + $"{score.ToString().ToLowerInvariant()} needs {needed}.");
        if (pairs < rows)
            Output.Note($"{rows - pairs} of {DataArguments.Count(rows, "row")} are left out: {score.ToString().ToLowerInvariant()} needs {needed}.");
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

    private static string Name(Score score) => score == Score.Reward ? ModelNames.Reward : ModelNames.Cost;

    private static void Print(ScoreModelResult result, PreferenceCalibration calibration)
    {
        (ScoreFigures figures, bool cost, bool grey) = (result.Noisy, result.Noisy.SignAccuracy is not null, result.Grey is not null);
        Output.Line($"{result.Name} on {DataArguments.Count(result.Pairs, "pair")}: {Show(figures.PairAccuracy)} in the right order"
            + (result.Grey is { } blank ? $", {Show(blank.PairAccuracy)} with grey images" : ""));
        if (figures.SignAccuracy is { } sign)
            Output.Line($"sign of the score: {Show(sign)} right, {figures.BalancedSignAccuracy:0.0%} as the mean of safe and unsafe answers; area under the "
                + $"ROC curve {figures.Auc:0.000}");
        Output.Line($"calibration error of the stated chances: order {calibration.Order.ExpectedError:0.0%}"
            + (calibration.Sign is { } stated ? $", sign {stated.ExpectedError:0.0%}" : ""));
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumns(["category", "pairs", "right order", .. cost ? ["right sign"] : Array.Empty<string>(), .. grey ? ["grey"] : Array.Empty<string>()]);
        foreach (CategoryScoreResult category in result.Categories)
            table.AddRow([Markup.Escape(category.Category), $"{category.Pairs}", $"{category.PairAccuracy:0.0%}",
                .. cost ? [$"{category.SignAccuracy:0.0%}"] : Array.Empty<string>(), .. grey ? [$"{category.GreyPairAccuracy:0.0%}"] : Array.Empty<string>()]);
        Output.People.Write(table);
    }

    private static string Show(Estimate estimate) => $"{estimate.Value:0.0%} ({100 * estimate.Low:0.0} to {100 * estimate.High:0.0})";

    // a pair as the model reads it
    private sealed record EncodedPair(Pair Pair, EncodedPrompt Prompt, int[] First, int[] Second)
    {
        public static EncodedPair Of(ChatScorer scorer, Pair pair, bool grey)
        {
            EncodedPrompt prompt = ModelArguments.Encode(scorer.Processor, pair.Row, null, grey);
            return new(pair, prompt, ModelArguments.Encode(scorer, pair.Row, prompt, pair.Response1),
                ModelArguments.Encode(scorer, pair.Row, prompt, pair.Response2));
        }
    }

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
