using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>score</c>: a reward, cost or guard model's end scores of answers to one question, or of every answer in a data set.</summary>
internal static class ScoreVerb
{
    public static Command Create()
    {
        Option<string> model = ModelArguments.Model();
        model.Description = "A checkpoint folder with a score head (a reward, cost or guard model), or with --adapter the model below it.";
        Option<string?> adapter = new("--adapter")
        {
            Description = "A PEFT LoRA adapter folder to score under, as training a reward or cost model with lora writes it; its own score head counts where "
                + "it has one."
        };
        Option<string?> prompt = ModelArguments.Prompt(), system = ModelArguments.System(), data = ModelArguments.Data(), split = ModelArguments.Split();
        Option<string?> dtype = ModelArguments.Dtype(), device = ModelArguments.Device(), format = ModelArguments.ChatFormatName(),
            from = ModelArguments.ProcessorFolder();
        Option<string?> file = new("--out") { Description = "With --data: write the scores to this JSONL file instead of stdout." };
        data.Description = "Instead of one question: a data set; every answer of a row is scored.";
        Option<string?> given = new("--answers")
        {
            Description = "With --data: score these answers to its rows in place of the rows' own, a file as 'generate --data --out' writes it."
        };
        Option<string[]> images = ModelArguments.Images(),
            responses = new("--response") { Description = "An answer to the question; may be given several times." };
        Option<int?> limit = ModelArguments.Limit();
        Option<double?> pessimism = ModelArguments.Pessimism();
        Option<int> batchSize = ModelArguments.BatchSize();
        Option<bool> overwrite = ModelArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("score",
            "Score answers with a reward or cost model. Example: safe-rlhf-v score --model runs/reward --image cat.jpg --prompt \"What is this?\" --response "
                + "\"A cat.\"")
        {
            model, adapter, prompt, images, responses, system, data, given, split, limit, pessimism, batchSize, file, overwrite, dtype, device, format, from,
            json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            (string folder, string? adapterFolder) = ModelArguments.Find(parsed.GetRequiredValue(model), parsed.GetValue(adapter));
            (string? question, string? path, string? target) = (parsed.GetValue(prompt), parsed.GetValue(data), parsed.GetValue(file));
            string[] answers = parsed.GetValue(responses) ?? [];
            if ((question is null) == (path is null)) throw new InvalidInputException("score needs either --prompt TEXT with --response TEXT, or --data PATH.");
            if ((question is null) != (answers.Length == 0)) throw new InvalidInputException("score needs --prompt and --response together.");
            foreach (Option<string?> option in (Option<string?>[])[file, given])
                if (path is null && parsed.GetValue(option) is not null) throw new InvalidInputException($"{option.Name} goes with --data.");
            AnswersFile? own = parsed.GetValue(given) is { } answered ? AnswersFile.Read(answered) : null;
            if (path is not null && parsed.GetValue(images) is { Length: > 0 })
                throw new InvalidInputException("--image goes with --prompt; the rows of --data bring their own images.");
            LoadOptions options = ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device));
            ModelProcessor processor = ModelArguments.Processor(folder, parsed.GetValue(format), parsed.GetValue(from));
            EncodedPrompt? single = question is null
                ? null
                : ModelArguments.Encode(processor, question, [.. (parsed.GetValue(images) ?? []).Select(ModelArguments.Image)], parsed.GetValue(system));
            using LinesFile? lines = target is null ? null : new LinesFile(target, parsed.GetValue(overwrite));
            using ScoreModel loaded = ScoreModel.Load(folder, options, adapterFolder);
            ChatScorer scorer = ModelArguments.Scorer(loaded, processor, parsed.GetValue(pessimism));
            if (single is not null) ScoreOne(scorer, single, answers, parsed.GetValue(json), cancellationToken);
            else ScoreAll(scorer, ModelArguments.Rows(path!, parsed.GetValue(split), parsed.GetValue(limit), parsed.GetValue(batchSize)),
                own, parsed.GetValue(system), lines, target, parsed.GetValue(json), cancellationToken);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void ScoreOne(ChatScorer scorer, EncodedPrompt prompt, string[] answers, bool json, CancellationToken cancellationToken)
    {
        IReadOnlyList<(float[] Scores, float[]? Spreads)> scores = scorer.ScoreAndSpread(
            [.. answers.Select(_ => prompt)], [.. answers.Select(answer => scorer.Encode(prompt, answer))], cancellationToken);
        IReadOnlyList<string>? names = Names(scorer.Model.Head);
        if (json)
        {
            var scored = answers.Zip(scores, (answer, score) => new { Response = answer, Score = score.Scores, Disagreement = score.Spreads });
            Output.Json(new { Prompt = prompt.Text, Outputs = names, Answers = scored });
        }
        else foreach ((float[] score, float[]? spreads) in scores) Output.Line(Words(score, spreads, names));
    }

    private static void ScoreAll(
        ChatScorer scorer, (IEnumerable<DatasetRow[]> Batches, long Count, RowLayout Layout) rows, AnswersFile? own, string? system, LinesFile? lines,
        string? target, bool json, CancellationToken cancellationToken)
    {
        ProgressView progress = new("score");
        IReadOnlyList<string>? names = Names(scorer.Model.Head);
        int answered = own?.Samples ?? (rows.Layout == RowLayout.Paired ? 2 : 1);
        string[] columns = answered == 1 ? ["response"] : [.. Enumerable.Range(1, answered).Select(number => $"response_{number}")];
        double[][] sums = [.. columns.Select(_ => new double[scorer.Model.Head.Outputs])];
        List<object> document = [];
        ImageReader reader = new();
        int done = 0;
        int read = 0;
        foreach (DatasetRow[] whole in rows.Batches)
        {
            DatasetRow[] batch = own is null ? whole : [.. whole.Where(row => own.Of(row, row.Text("question")).All(answer => answer.Error is null))];
            read += whole.Length;
            if (batch.Length == 0) continue;
            EncodedPrompt[] prompts = [.. batch.Select(row => ModelArguments.Encode(scorer.Processor, row, system, reader: reader))];
            int[][] Ids(string column, int sample) =>
                [.. batch.Zip(prompts, (row, prompt) => ModelArguments.Encode(scorer, row, prompt, Answer(row, column, own, sample)))];
            (float[] Scores, float[]? Spreads)[][] scores =
                [.. columns.Select((column, sample) => scorer.ScoreAndSpread(prompts, Ids(column, sample), cancellationToken).ToArray())];
            for (int at = 0; at < batch.Length; at++)
            {
                (float[] Scores, float[]? Spreads)[] each = [.. scores.Select(column => column[at])];
                var entry = new
                {
                    Row = $"{batch[at].Position}",
                    Outputs = names,
                    Scores = each.Select(one => one.Scores).ToArray(),
                    Disagreement = scorer.Model.Head.Heads > 1 ? each.Select(one => one.Spreads).ToArray() : null,
                };
                for (int column = 0; column < columns.Length; column++)
                    for (int output = 0; output < sums[column].Length; output++) sums[column][output] += entry.Scores[column][output];
                if (lines is not null) lines.Line(Output.JsonLine(entry));
                else if (json) document.Add(entry);
                else Output.Line($"{entry.Row}\t{string.Join('\t', each.Select(one => Words(one.Scores, one.Spreads, names)))}");
            }
            done += batch.Length;
            progress.Report(read, (int)Math.Min(rows.Count, int.MaxValue));
        }
        lines?.Commit();
        if (read > done) Output.Note($"{DataArguments.Count(read - done, "row")} left out: the model could not answer them (error).");
        if (done == 0) throw new InvalidInputException("there is no answer to score.");
        (string Column, double[] Means)[] means = [.. columns.Zip(sums, (column, sum) => (column, (double[])[.. sum.Select(one => one / done)]))];
        progress.Done($"{DataArguments.Count(done * columns.Length, "answer")} of {DataArguments.Count(done, "row")}; means: "
            + string.Join(", ", means.Select(one => $"{one.Column} {Words([.. one.Means.Select(mean => (float)mean)], null, names)}")));
        if (json) Output.Json(new
        {
            File = target is null ? null : Path.GetFullPath(target),
            Rows = done,
            Means = means.ToDictionary(one => one.Column, one => (object)(names is null ? one.Means[0] : names.Zip(one.Means).ToDictionary())),
            Scores = lines is null ? document : null
        });
        else if (target is not null) Output.Line(target);
    }

    private static string Answer(DatasetRow row, string column, AnswersFile? own, int sample) =>
        own is null ? ModelArguments.Text(row, column) : own.Of(row, row.Text("question"))[sample].Response;

    // one score needs no name
    private static IReadOnlyList<string>? Names(ScoreHead head) => head.Outputs switch
    {
        1 => null,
        ScoresTrainer.Outputs => ["reward", "cost"],
        GuardHeads.Outputs => ["unsafe", .. GuardHeads.Categories, .. GuardHeads.Severities.Select(severity => $"severity_{severity}")],
        _ => [.. Enumerable.Range(1, head.Outputs).Select(number => $"output_{number}")],
    };

    // of several heads, with the standard deviation over them
    private static string Words(float[] score, float[]? spreads, IReadOnlyList<string>? names) => string.Join(' ', score.Select((value, i) =>
        string.Create(CultureInfo.InvariantCulture, $"{(names is null ? "" : $"{names[i]}=")}{value:G7}{(spreads is null ? "" : $"±{spreads[i]:G3}")}")));
}
