using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Cli;

/// <summary><c>generate</c>: answers one question, shown as it comes, or every row of a data set.</summary>
internal static class GenerateVerb
{
    private const string AdapterName = "adapter";

    public static Command Create()
    {
        Option<string> model = ModelArguments.Model();
        Option<string?> adapter = new("--adapter") { Description = "A PEFT LoRA adapter folder to generate under." };
        Option<string?> prompt = ModelArguments.Prompt(), system = ModelArguments.System(), data = ModelArguments.Data(), split = ModelArguments.Split();
        Option<string?> dtype = ModelArguments.Dtype(), device = ModelArguments.Device(), format = ModelArguments.ChatFormatName(),
            from = ModelArguments.ProcessorFolder();
        Option<string?> file = new("--out") { Description = "With --data: the JSONL file to write, one answer a row." };
        Option<string[]> images = ModelArguments.Images();
        Option<int?> limit = ModelArguments.Limit();
        Option<int> batchSize = ModelArguments.BatchSize();
        Option<bool> resume = new("--resume")
        {
            Description = "With --data: resume a stopped run; the result equals that of an uninterrupted run."
        };
        Option<bool> skipLong = ModelArguments.SkipLong(), overwrite = ModelArguments.Overwrite(), json = Output.JsonOption();
        GenerationArguments generation = new();
        Command command = new("generate",
            "Answer a question about an image. Example: safe-rlhf-v generate --model llava-1.5-7b-hf --image cat.jpg --prompt \"What is this?\"")
        {
            model, adapter, prompt, images, system, data, split, limit, batchSize, file, skipLong, resume, overwrite, dtype, device, format, from, json,
        };
        foreach (Option option in generation.All) command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            (string folder, string? adapterFolder) = ModelArguments.Find(parsed.GetRequiredValue(model), parsed.GetValue(adapter));
            (string? question, string? path, string? target) = (parsed.GetValue(prompt), parsed.GetValue(data), parsed.GetValue(file));
            if ((question is null) == (path is null)) throw new InvalidInputException("generate needs either --prompt TEXT or --data PATH.");
            if ((path is null) != (target is null)) throw new InvalidInputException("generate needs --data and --out together.");
            if (path is null && parsed.GetValue(resume))
                throw new InvalidInputException("--resume goes with --data and --out; one question has nothing to resume.");
            if (path is not null && parsed.GetValue(images) is { Length: > 0 })
                throw new InvalidInputException("--image goes with --prompt; the rows of --data bring their own images.");
            LoadOptions options = ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device));
            foreach (string place in new[] { folder, adapterFolder }.OfType<string>()) ModelArguments.CheckKind(place, "generate", ModelKind.Policy);
            ModelProcessor processor = ModelArguments.Processor(folder, parsed.GetValue(format), parsed.GetValue(from));
            TextSettings settings = generation.Read(parsed, folder) with { Adapter = adapterFolder is null ? null : AdapterName };
            EncodedPrompt? single = question is null
                ? null
                : ModelArguments.Encode(processor, question, [.. (parsed.GetValue(images) ?? []).Select(ModelArguments.Image)], parsed.GetValue(system));
            string run = Output.JsonLine(new
            {
                Model = Path.GetFullPath(folder),
                Adapter = adapterFolder is null ? null : Path.GetFullPath(adapterFolder),
                Files = $"{ModelArguments.FilesOf(folder)}{(adapterFolder is null ? "" : $" {ModelArguments.FilesOf(adapterFolder)}")}",
                Data = path is null ? null : Path.GetFullPath(path),
                Split = parsed.GetValue(split),
                Limit = parsed.GetValue(limit),
                System = parsed.GetValue(system),
                Dtype = parsed.GetValue(dtype),
                ChatFormat = parsed.GetValue(format),
                ProcessorFrom = parsed.GetValue(from),
                settings.Tokens.MaxNewTokens,
                settings.Tokens.MinNewTokens,
                settings.Tokens.Temperature,
                settings.Tokens.TopK,
                settings.Tokens.TopP,
                settings.Tokens.RepetitionPenalty,
                settings.Tokens.Seed,
                settings.Tokens.Samples,
                Stop = settings.StopStrings,
            });
            if (target is not null && parsed.GetValue(resume) && ResumableLines.IsWhole(target, run))
            {
                Output.Note($"{target}: is whole already; nothing was generated.");
                return Task.FromResult(0);
            }
            using ResumableLines? lines = target is null
                ? null
                : new ResumableLines(target, run, settings.Tokens.Samples, parsed.GetValue(resume), parsed.GetValue(overwrite));
            using VisionLanguageModel loaded = ModelCheckpoint.Load(folder, options);
            if (adapterFolder is not null) loaded.Adapters.Load(AdapterName, adapterFolder);
            ChatGenerator generator = new(loaded, processor);
            if (single is not null) AnswerOne(generator, single, settings, parsed.GetValue(json), cancellationToken);
            else
            {
                int known = lines!.Lines.Count / settings.Tokens.Samples;
                if (parsed.GetValue(resume)) Output.Note(known == 0
                    ? $"{target}: there is nothing to resume; it begins with the first row."
                    : $"{target}: resumes after {DataArguments.Count(known, "row")}.");
                (IEnumerable<DatasetRow[]> batches, long count, _) = ModelArguments.Rows(path!, parsed.GetValue(split), parsed.GetValue(limit),
                    parsed.GetValue(batchSize), skip: known);
                CheckSameRows(path!, parsed.GetValue(split), lines, settings.Tokens.Samples);
                try
                {
                    AnswerAll(generator, batches, known, count, settings, parsed.GetValue(system), parsed.GetValue(skipLong), lines, target!,
                        parsed.GetValue(json), cancellationToken);
                }
                catch (OperationCanceledException stop) when (lines.Written > 0)
                {
                    throw new StoppedException($"stopped; {Kept(lines, settings)} The same command with --resume continues after them.", stop);
                }
                catch (InvalidInputException error) when (lines.Written > 0)
                {
                    throw new InvalidInputException($"{error.Message} {Kept(lines, settings)} Mend the row, then "
                        + "run the same command with --resume to continue after "
                        + "them.", error);
                }
            }
            return Task.FromResult(0);
        });
        return command;
    }

    private static string Kept(ResumableLines lines, TextSettings settings) => $"{lines.Written / settings.Tokens.Samples} rows are in {lines.Partial}.";

    // the data may have changed since: then the rest would answer other rows than the beginning did
    private static void CheckSameRows(string path, string? split, ResumableLines lines, int samples)
    {
        if (lines.Lines.Count == 0) return;
        foreach ((DatasetRow row, string line) in PreferenceDataset.Open(path).ReadRows(split).Zip(lines.Lines.Where((_, i) => i % samples == 0)))
        {
            using JsonDocument answered = JsonDocument.Parse(line);
            if (answered.RootElement.GetProperty("row").GetString() != $"{row.Position}"
                || answered.RootElement.GetProperty("question").GetString() != row.Text("question"))
                throw new InvalidInputException($"{lines.Partial}: holds an answer to another question than {row.Position.InFile()} asks; the data changed. "
                    + "Begin anew with --overwrite.");
        }
    }

    private static void AnswerOne(ChatGenerator generator, EncodedPrompt prompt, TextSettings settings, bool json, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        bool live = !json && settings.Tokens.Samples == 1;
        IReadOnlyList<TextCompletion> answers = generator.Generate([prompt], settings, onText: live ? ShowAnswer : null, cancellationToken: cancellationToken);
        int tokens = answers.Sum(answer => answer.Ids.Count);
        if (json)
        {
            Output.Json(new
            {
                Prompt = prompt.Text,
                PromptTokens = prompt.Ids.Length,
                Images = prompt.Images.Count,
                Answers = answers.Select(answer =>
                    new { answer.Sample, answer.Reasoning, answer.Text, answer.Finish, answer.StopString, Tokens = answer.Ids.Count }),
            });
            return;
        }
        if (live) Output.Line("");
        else foreach (TextCompletion answer in answers) Output.Line($"[{answer.Sample + 1}] {Output.Foreign(answer.Text)}");
        foreach (TextCompletion answer in answers)
            if (answer.Reasoning is { Length: > 0 } thought) Output.Note($"reasoning of answer {answer.Sample + 1}: {Output.Foreign(thought)}");
        string ends = string.Join(", ",
            answers.Select(answer => answer.Finish switch
            {
                FinishReason.EndToken => "ended",
                FinishReason.Stopped => "stopped",
                _ => "cut at the most tokens"
            }).Distinct());
        Output.Note(string.Create(CultureInfo.InvariantCulture,
            $"{prompt.Ids.Length} prompt tokens, {tokens} new ones, {tokens / clock.Elapsed.TotalSeconds:0.0} a second; {ends}"));
    }

    // a row has its lines also where the model cannot read it, so that lines and rows stay together
    private static IEnumerable<string> Unanswered(DatasetRow row, int samples) => Enumerable.Range(0, samples).Select(sample => Output.JsonLine(new
    {
        Row = $"{row.Position}",
        Question = row.Text("question"),
        Sample = sample,
        Response = "",
        Tokens = 0,
        Error = "longer than the model reads",
    }));

    // what the model thinks is no part of its answer; it goes to stderr when the answer is there
    private static void ShowAnswer(TextDelta delta)
    {
        if (!delta.IsReasoning) Output.Piece(delta.Text);
    }

    private static void AnswerAll(
        ChatGenerator generator, IEnumerable<DatasetRow[]> batches, int known, long count, TextSettings settings, string? system, bool skipsLong,
        ResumableLines lines, string target, bool json, CancellationToken cancellationToken)
    {
        ProgressView progress = new("generate");
        Stopwatch clock = Stopwatch.StartNew();
        ImageReader reader = new();
        (int rows, long tokens, int cut, int samples, int tooLong) = (known, 0, 0, settings.Tokens.Samples, 0);
        foreach (DatasetRow[] batch in batches)
        {
            EncodedPrompt?[] prompts = [.. batch.Select(row => ModelArguments.Fitting(skipsLong,
                () => ModelArguments.Encode(generator.Processor, row, system, reader: reader)))];
            int[] asked = [.. Enumerable.Range(0, batch.Length).Where(at => prompts[at] is not null)];
            RandomStream[] streams = GenerationArguments.Streams(settings, rows, batch.Length);
            List<string>[] written = [.. batch.Select(_ => new List<string>())];
            foreach (int at in Enumerable.Range(0, batch.Length).Except(asked)) written[at].AddRange(Unanswered(batch[at], samples));
            tooLong += batch.Length - asked.Length;
            foreach (TextCompletion answer in asked.Length == 0 ? [] : generator.Generate([.. asked.Select(at => prompts[at]!)], settings,
                [.. asked.SelectMany(at => streams[(at * samples)..((at + 1) * samples)])], cancellationToken: cancellationToken))
            {
                DatasetRow row = batch[asked[answer.Prompt]];
                written[asked[answer.Prompt]].Add(Output.JsonLine(new
                {
                    Row = $"{row.Position}",
                    Question = row.Text("question"),
                    answer.Sample,
                    Response = answer.Text,
                    answer.Reasoning,
                    answer.Finish,
                    answer.StopString,
                    Tokens = answer.Ids.Count
                }));
                tokens += answer.Ids.Count;
                if (answer.Finish == FinishReason.Length) cut++;
            }
            lines.Write([.. written.SelectMany(row => row)]);
            rows += batch.Length;
            progress.Report(rows, (int)Math.Min(count, int.MaxValue),
                string.Create(CultureInfo.InvariantCulture, $"{tokens / clock.Elapsed.TotalSeconds:0} tokens/s"));
        }
        lines.Commit();
        if (tooLong > 0) Output.Note($"{DataArguments.Count(tooLong, "row")} longer than the model reads: error in place of an answer.");
        progress.Done(string.Create(CultureInfo.InvariantCulture,
            $"{DataArguments.Count((rows - known) * samples, "answer")}, {DataArguments.Count(tokens, "token")}, "
            + $"{tokens / clock.Elapsed.TotalSeconds:0} a second; {cut} cut at the most tokens"));
        if (ModelArguments.SharedImages(generator.Model, generator.RepeatedPromptCount, generator.SharedPromptCount) is { } shared) Output.Note(shared);
        if (json) Output.Json(new
        {
            File = Path.GetFullPath(target),
            Rows = rows,
            Answers = rows * samples,
            Generated = (rows - known) * samples,
            Tokens = tokens,
            Cut = cut
        });
        else Output.Line(target);
    }
}
