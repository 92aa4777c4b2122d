using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Cli;

/// <summary>What the verbs that run a model on prompts share.</summary>
internal static class ModelArguments
{
    public static Option<string> Model() =>
        new("--model") { Description = "A checkpoint folder in Hugging Face's form, an adapter's, or a training run's.", Required = true };

    public static Option<string?> Dtype() => new Option<string?>("--dtype")
    {
        Description = "Compute in float32, bfloat16 or float16; the checkpoint's own type where left out."
    }.Completes(CheckpointArguments.Dtypes);

    public static Option<string?> Device() =>
        new Option<string?>("--device") { Description = "cpu, cuda or cuda:N; cpu where left out." }.Completes(["cpu", "cuda"]);

    public static Option<string?> ChatFormatName() => new Option<string?>("--chat-format")
    {
        Description = $"Where the folder's files do not tell: {string.Join(", ", ChatFormat.Names)}."
    }.Completes(ChatFormat.Names);

    public static Option<string?> Prompt() => new("--prompt") { Description = "The question." };

    public static Option<string[]> Images() =>
        new("--image") { Description = "An image of the question; may be given several times.", AllowMultipleArgumentsPerToken = true };

    public static Option<string?> System() => new("--system") { Description = "A system message." };

    public static Option<string?> Data() =>
        new("--data") { Description = "Instead of one question: a data set, or a JSONL file whose rows have \"question\" and perhaps \"image\" (a path)." };

    public static Option<string?> Split() => new("--split") { Description = "With --data: only this split." };

    public static Option<int?> Limit() => new("--limit") { Description = "With --data: at most this many rows." };

    public static Option<int> BatchSize() => new("--batch-size") { Description = "With --data: rows run together.", DefaultValueFactory = _ => 8 };

    public static Option<bool> Overwrite() => new("--overwrite") { Description = "Replace the file of --out if it exists (only when the new one is whole)." };

    public static Option<bool> SkipLong() => new("--skip-long")
    {
        Description = "With --data: a row that is longer than the model reads is left out and counted; else it is an error."
    };

    /// <summary>Makes something of a row; null where it is longer than the model reads and such rows are left out.</summary>
    public static T? Fitting<T>(bool skipsLong, Func<T> make) where T : class
    {
        try
        {
            return make();
        }
        catch (InvalidInputException error) when (skipsLong && error.IsTooLong)
        {
            return null;
        }
    }

    /// <summary>
    /// Where model and adapter lie: a run's folder stands for its result, and an adapter in the model's place for itself over its base model.
    /// </summary>
    /// <exception cref="InvalidInputException">A run is not finished, or an adapter's base model is not found.</exception>
    public static (string Model, string? Adapter) Find(string model, string? adapter)
    {
        (model, adapter) = (ResultFolder.Find(model), adapter is null ? null : ResultFolder.Find(adapter));
        if (!LoraConfig.IsIn(model)) return (model, adapter);
        return adapter is null
            ? (LoraConfig.FindBase(model), model)
            : throw new InvalidInputException($"--model {model}: is an adapter, and so is --adapter; give one of them, and a whole model.");
    }

    /// <summary>
    /// What tells a model's files from others in the same folder: a hash of their names, sizes and times. Empty without a folder, which the loader tells of.
    /// </summary>
    public static string FilesOf(string folder) => !Directory.Exists(folder)
        ? ""
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', new DirectoryInfo(folder).EnumerateFiles()
        .OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => $"{file.Name} {file.Length} {file.LastWriteTimeUtc:O}")))))[..16];

    /// <summary>c of the scores of several heads.</summary>
    public static Option<double?> Pessimism() => new("--pessimism")
    {
        Description = "For a model of several heads: so many standard deviations over them are taken from a reward and added to a cost; left out = the mean.",
    };

    /// <summary>A scorer whose heads are joined as asked.</summary>
    /// <exception cref="InvalidInputException">The number is below 0, or the model has one head.</exception>
    public static ChatScorer Scorer(ScoreModel model, ModelProcessor processor, double? pessimism)
    {
        CheckPessimism(pessimism, model.Head.Heads);
        return pessimism is { } asked ? new(model, processor, asked) : new(model, processor);
    }

    /// <summary>Checks --pessimism against the heads that a score model has.</summary>
    /// <exception cref="InvalidInputException">The number is below 0, or the model has one head.</exception>
    public static void CheckPessimism(double? pessimism, int heads)
    {
        if (pessimism is not { } asked) return;
        if (!(asked >= 0) || double.IsInfinity(asked)) throw new InvalidInputException($"--pessimism {asked}: give 0 or more.");
        if (heads == 1) throw new InvalidInputException("--pessimism: the model has one head, so that no heads can disagree; leave it out.");
    }

    /// <summary>Inference needs no gradients.</summary>
    public static LoadOptions LoadOptions(string? dtype, string? device) => new LoadOptions { RequiresGradient = false }.WithDtype(dtype).WithDevice(device);

    public static Option<string?> ProcessorFolder() =>
        new("--processor")
        {
            Description = "A folder whose tokenizer, image processor and chat template are taken, where the checkpoint has none or incomplete ones: its base "
                + "model's."
        };

    /// <summary>Refuses a folder that is stated to be of another kind; says so where nothing is stated.</summary>
    public static void CheckKind(string folder, string use, params ModelKind[] wanted)
    {
        if (ModelKinds.Check(folder, wanted, use) is { } remark) Output.Note(remark);
    }

    public static ModelProcessor Processor(string folder, string? format, string? from) => ModelProcessor.Load(folder,
        format is null ? null : ChatFormat.Named(format), from);

    /// <summary>A question as a conversation, images first.</summary>
    public static EncodedPrompt Encode(ModelProcessor processor, string question, IEnumerable<RgbImage> images, string? system)
    {
        ChatTurn asked = ChatTurn.User(question, images);
        return processor.EncodePrompt(system is null ? [asked] : [ChatTurn.System(system), asked]);
    }

    /// <summary>How many questions about an image continued the cache of another about it, in one line; null where no batch held two of one image.</summary>
    public static string? SharedImages(VisionLanguageModel model, int repeated, int shared)
    {
        if (repeated == 0) return null;
        string limit = model.LongestSharedText is var longest and < int.MaxValue
            ? $", or the batch had a text of more than {longest} tokens, beyond which this model's position frequencies depend on the longest text" : "";
        return $"{shared} of {repeated} questions about an image of another in their batch continued its cache"
            + $"{(shared < repeated ? $"; in the others the image stands behind words that differ, or there was little to save{limit}" : "")}.";
    }

    /// <summary>The image in a file.</summary>
    public static RgbImage Image(string file)
    {
        if (!File.Exists(file)) throw new InvalidInputException($"{file}: no such image.");
        byte[] bytes = File.ReadAllBytes(file);
        return Decode(bytes, file);
    }

    /// <summary>The rows of a data set in batches, with a check of what is asked for.</summary>
    public static (IEnumerable<DatasetRow[]> Batches, long Count, RowLayout Layout) Rows(string path, string? split, int? limit, int batchSize, int skip = 0)
    {
        if (batchSize < 1) throw new InvalidInputException($"--batch-size {batchSize}: give 1 or more.");
        if (limit < 1) throw new InvalidInputException($"--limit {limit}: give 1 or more.");
        PreferenceDataset data = PreferenceDataset.Open(path);
        long count = Math.Min(data.CountRows(split), limit ?? long.MaxValue);
        return (data.ReadRows(split).Take(limit ?? int.MaxValue).Skip(skip).Chunk(batchSize), count, data.Layout);
    }

    /// <summary>
    /// A row's question and image as a prompt; or plain grey of the image's size in its place. A reader that is kept between rows decodes an image of several
    /// rows once.
    /// </summary>
    public static EncodedPrompt Encode(ModelProcessor processor, DatasetRow row, string? system, bool grey = false,
        ImageReader? reader = null)
    {
        string place = $"{row.Position.File}: row {row.Position.Row}";
        if (row.Messages is not null) return Fitting(() => processor.EncodePrompt(Turns(row, system, grey, reader ?? new())));
        string question = Text(row, "question");
        if (row.Image is null) return Encode([]);
        byte[] bytes = row.Image.Bytes
            ?? throw new InvalidInputException($"{place}: there is no image '{row.Image.Path}'; put it beside the file or mend its path.");
        RgbImage image = Named(place, () => (reader ?? new()).Read(bytes));
        return Encode([grey ? RgbImage.Grey(image.Width, image.Height) : image]);

        EncodedPrompt Encode(RgbImage[] images) => Fitting(() => ModelArguments.Encode(processor, question, images, system));

        EncodedPrompt Fitting(Func<EncodedPrompt> encode)
        {
            EncodedPrompt prompt = Named(place, encode);
            int most = processor.Model.MaxTokens;
            return prompt.Ids.Length <= most
                ? prompt
                : throw new InvalidInputException($"{place}: the prompt has {prompt.Ids.Length} tokens, and the model reads at most {most}; shorten it, or "
                    + "leave the row out (--skip-long).")
                { IsTooLong = true };
        }
    }

    /// <summary>A row's answer with its prompt, as it is scored; a text that is too long names the row.</summary>
    public static int[] Encode(ChatScorer scorer, DatasetRow row, EncodedPrompt prompt, string response) =>
        Named($"{row.Position.File}: row {row.Position.Row}", () => scorer.Encode(prompt, response));

    // a conversation of several turns or images; its own system message counts before that of the command line
    private static ChatTurn[] Turns(DatasetRow row, string? system, bool grey, ImageReader reader)
    {
        ConversationRecord record = row.ToRecord(RecordParts.None);
        RgbImage Image(int index)
        {
            RgbImage image = Named($"{row.Position.File}: row {row.Position.Row}", () => reader.Read(record.Images[index].Bytes!));
            return grey ? RgbImage.Grey(image.Width, image.Height) : image;
        }
        ChatTurn[] turns = [.. record.Prompt.Select(message => new ChatTurn(
            message.Role switch { ConversationRole.System => ChatRole.System, ConversationRole.User => ChatRole.User, _ => ChatRole.Assistant },
            [.. message.Parts.Select(part => part.Text is { } text ? (ChatPart)new TextPart(text) : new ImagePart(Image(part.Image!.Value)))]))];
        return system is null || turns[0].Role == ChatRole.System ? turns : [ChatTurn.System(system), .. turns];
    }

    public static string Text(DatasetRow row, string column) => row.Text(column)
        ?? throw new InvalidInputException($"{row.Position.File}: row {row.Position.Row} has no {column}; 'data validate' lists such rows.");

    private static RgbImage Decode(byte[] bytes, string place) => Named(place, () => ImageDecoder.Decode(bytes));

    private static T Named<T>(string place, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{place}: {error.Message}", error) { IsTooLong = error.IsTooLong };
        }
    }
}
