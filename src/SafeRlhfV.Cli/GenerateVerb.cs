using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SafeRlhfV.Data;
using SafeRlhfV.Models;

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
        Option<string?> dtype = ModelArguments.Dtype(), device = ModelArguments.Device(), format = ModelArguments.ChatFormatName(), from = ModelArguments.ProcessorFolder();
        Option<string?> file = new("--out") { Description = "With --data: the JSONL file to write, one answer a row." };
        Option<string[]> images = ModelArguments.Images();
        Option<int?> limit = ModelArguments.Limit();
        Option<int> batchSize = ModelArguments.BatchSize();
        Option<bool> overwrite = ModelArguments.Overwrite(), json = Output.JsonOption();
        GenerationArguments generation = new();
        Command command = new("generate", "Answer a question about a picture. Example: safe-rlhf-v generate --model llava-1.5-7b-hf --image cat.jpg --prompt \"What is this?\"")
        {
            model, adapter, prompt, images, system, data, split, limit, batchSize, file, overwrite, dtype, device, format, from, json,
        };
        foreach (Option option in generation.All) command.Add(option);
        command.SetAction((parsed, cancel) =>
        {
            string folder = parsed.GetRequiredValue(model);
            (string? question, string? path, string? target) = (parsed.GetValue(prompt), parsed.GetValue(data), parsed.GetValue(file));
            if ((question is null) == (path is null)) throw new InvalidInputException("generate needs either --prompt TEXT or --data PATH.");
            if ((path is null) != (target is null)) throw new InvalidInputException("generate needs --data and --out together.");
            if (path is not null && parsed.GetValue(images) is { Length: > 0 }) throw new InvalidInputException("--image goes with --prompt; the rows of --data bring their own pictures.");
            LoadOptions options = ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device));
            ModelArguments.CheckKind(parsed.GetValue(adapter) ?? folder, "generate", ModelKind.Policy);
            ModelProcessor processor = ModelArguments.Processor(folder, parsed.GetValue(format), parsed.GetValue(from));
            TextSettings settings = generation.Read(parsed, folder) with { Adapter = parsed.GetValue(adapter) is null ? null : AdapterName };
            EncodedPrompt? single = question is null ? null : ModelArguments.Encode(processor, question, [.. (parsed.GetValue(images) ?? []).Select(ModelArguments.Picture)], parsed.GetValue(system));
            using LinesFile? lines = target is null ? null : new LinesFile(target, parsed.GetValue(overwrite));
            using VisionLanguageModel loaded = ModelCheckpoint.Load(folder, options);
            if (parsed.GetValue(adapter) is { } adapterFolder) loaded.Adapters.Load(AdapterName, adapterFolder);
            ChatGenerator generator = new(loaded, processor);
            if (single is not null) AnswerOne(generator, single, settings, parsed.GetValue(json), cancel);
            else
            {
                (IEnumerable<DatasetRow[]> batches, long count, _) = ModelArguments.Rows(path!, parsed.GetValue(split), parsed.GetValue(limit), parsed.GetValue(batchSize));
                AnswerAll(generator, batches, count, settings, parsed.GetValue(system), lines!, target!, parsed.GetValue(json), cancel);
            }
            return Task.FromResult(0);
        });
        return command;
    }

    private static void AnswerOne(ChatGenerator generator, EncodedPrompt prompt, TextSettings settings, bool json, CancellationToken cancel)
    {
        Stopwatch clock = Stopwatch.StartNew();
        bool live = !json && settings.Tokens.Samples == 1;
        IReadOnlyList<TextCompletion> answers = generator.Generate([prompt], settings, onText: live ? delta => Output.Piece(delta.Text) : null, cancellation: cancel);
        int tokens = answers.Sum(answer => answer.Ids.Count);
        if (json)
        {
            Output.Json(new
            {
                Prompt = prompt.Text,
                PromptTokens = prompt.Ids.Length,
                Images = prompt.Images.Count,
                Answers = answers.Select(answer => new { answer.Sample, answer.Text, answer.Finish, answer.StopString, Tokens = answer.Ids.Count }),
            });
            return;
        }
        if (live) Output.Line("");
        else foreach (TextCompletion answer in answers) Output.Line($"[{answer.Sample + 1}] {Output.Foreign(answer.Text)}");
        string ends = string.Join(", ", answers.Select(answer => answer.Finish switch { FinishReason.EndToken => "ended", FinishReason.Stopped => "stopped", _ => "cut at the most tokens" }).Distinct());
        Output.Note(string.Create(CultureInfo.InvariantCulture, $"{prompt.Ids.Length} prompt tokens, {tokens} new ones, {tokens / clock.Elapsed.TotalSeconds:0.0} a second; {ends}"));
    }

    private static void AnswerAll(
        ChatGenerator generator, IEnumerable<DatasetRow[]> batches, long count, TextSettings settings, string? system, LinesFile lines, string target, bool json, CancellationToken cancel)
    {
        ProgressView progress = new("generate");
        Stopwatch clock = Stopwatch.StartNew();
        (int rows, long tokens, int cut, int samples) = (0, 0, 0, settings.Tokens.Samples);
        foreach (DatasetRow[] batch in batches)
        {
            EncodedPrompt[] prompts = [.. batch.Select(row => ModelArguments.Encode(generator.Processor, row, system))];
            // streams are named after the row in the data set, so that the batch size changes no answer
            RandomStream[] streams = [.. Enumerable.Range(rows * samples, batch.Length * samples).Select(row => new RandomStream(settings.Tokens.Seed, $"sampling/{row}"))];
            foreach (TextCompletion answer in generator.Generate(prompts, settings, streams, cancellation: cancel))
            {
                DatasetRow row = batch[answer.Prompt];
                lines.Line(Output.JsonLine(new { Row = $"{row.Position}", Question = row.Text("question"), answer.Sample, Response = answer.Text, answer.Finish, answer.StopString, Tokens = answer.Ids.Count }));
                tokens += answer.Ids.Count;
                if (answer.Finish == FinishReason.Length) cut++;
            }
            rows += batch.Length;
            progress.Report(rows, (int)Math.Min(count, int.MaxValue), string.Create(CultureInfo.InvariantCulture, $"{tokens / clock.Elapsed.TotalSeconds:0} tokens/s"));
        }
        lines.Commit();
        progress.Done(string.Create(CultureInfo.InvariantCulture, $"{rows * samples} answers, {tokens} tokens, {tokens / clock.Elapsed.TotalSeconds:0} a second; {cut} cut at the most tokens"));
        if (json) Output.Json(new { File = Path.GetFullPath(target), Rows = rows, Answers = rows * samples, Tokens = tokens, Cut = cut });
        else Output.Line(target);
    }
}
