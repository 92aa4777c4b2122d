using SafeRlhfV.Data;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Turns a row's picture, question and answers into token ids and pixels, within the limits of length.</summary>
/// <param name="processor">The checkpoint's tokenizer, chat format and image processor.</param>
/// <param name="limits">What is too long.</param>
/// <param name="newTokens">Tokens that will be generated after each prompt: the model must have room for them too.</param>
public sealed class SampleEncoder(ModelProcessor processor, LengthLimits limits, int newTokens = 0)
{
    private const string ImageFault = " 'data validate' finds all such rows.";

    private bool pixels = true;
    private long dropped, cut;

    /// <summary>The checkpoint's tokenizer, chat format and image processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>Rows left out because a text was too long.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Answers that lost their end.</summary>
    public long Cut => Interlocked.Read(ref cut);

    /// <summary>Both, for a checkpoint: a resumed run counts on.</summary>
    public LengthCounts Counts
    {
        get => new(Dropped, Cut);
        set => (dropped, cut) = (value.Dropped, value.Cut);
    }

    /// <summary>An encoder of the same texts with counts of its own that decodes no picture: its samples have the same ids and no images.</summary>
    public SampleEncoder ForLengths() => new(processor, limits, newTokens) { pixels = false };

    /// <summary>Encodes a row's question and picture alone; null where they are too long and the row is dropped.</summary>
    /// <exception cref="InvalidInputException">As of <see cref="Encode"/>.</exception>
    public EncodedSample? EncodePrompt(DatasetRow row)
    {
        (EncodedPrompt prompt, SampleImages? images) = Prompt(row);
        return IsTooLong(prompt) ? Drop<EncodedSample>() : Checked(row, new EncodedSample(prompt.Ids, [], images));
    }

    /// <summary>Encodes a row with its answers; null where it is too long and is dropped.</summary>
    /// <param name="row">A row of either layout.</param>
    /// <param name="responses">The answers wanted, each giving a sample.</param>
    /// <exception cref="InvalidInputException">The picture cannot be decoded or the model does not take it, an answer is empty, or a text within the limits has more tokens than the model reads.</exception>
    public IReadOnlyList<EncodedSample>? Encode(DatasetRow row, params IReadOnlyList<string> responses)
    {
        (EncodedPrompt prompt, SampleImages? images) = Prompt(row);
        List<EncodedSample> samples = [];
        bool tooLong = IsTooLong(prompt);
        foreach (string response in responses)
        {
            if (response.Length == 0) throw new InvalidInputException($"{Place(row)}: the answer is empty, there is no token to learn from; 'data validate' finds all such rows.");
            int[] ids = processor.EncodeResponse(prompt, response);
            int room = Math.Min(limits.ResponseTokens, limits.TotalTokens - prompt.Ids.Length);
            if (ids.Length > room && limits.TooLong == TooLong.CutResponse && room > 0)
            {
                ids = ids[..room];
                Interlocked.Increment(ref cut);
            }
            tooLong |= ids.Length > room;
            samples.Add(new EncodedSample(prompt.Ids, ids, images));
        }
        return tooLong ? Drop<IReadOnlyList<EncodedSample>>() : [.. samples.Select(sample => Checked(row, sample))];
    }

    private bool IsTooLong(EncodedPrompt prompt) => prompt.Ids.Length > Math.Min(limits.PromptTokens, limits.TotalTokens - 1);

    private T? Drop<T>() where T : class
    {
        Interlocked.Increment(ref dropped);
        return null;
    }

    private EncodedSample Checked(DatasetRow row, EncodedSample sample)
    {
        int tokens = sample.Size.Filled, most = processor.Config.Text.MaxTokens;
        if (tokens + newTokens <= most) return sample;
        throw new InvalidInputException(newTokens == 0
            ? $"{Place(row)}: the text has {tokens} tokens, and the model reads at most {most}; set training.lengths.total_tokens to at most {most}."
            : $"{Place(row)}: the prompt has {tokens} tokens, which with max_new_tokens {newTokens} is more than the {most} that the model reads; set training.lengths.prompt_tokens to at most {Math.Max(1, most - newTokens)}, or lower max_new_tokens.");
    }

    private (EncodedPrompt Prompt, SampleImages? Images) Prompt(DatasetRow row)
    {
        string question = row.Text("question") ?? "";
        if (row.Image is not { Bytes: { } bytes }) return (Named(row, "", () => processor.EncodePrompt(question, null)), null);
        if (pixels)
        {
            RgbImage image = Named(row, ImageFault, () => ImageDecoder.Decode(bytes));
            EncodedPrompt prompt = Named(row, "", () => processor.EncodePrompt(question, image));
            return (prompt, new SampleImages($"{row.Position.File}#{row.Position.Row}", prompt.Images));
        }
        (int width, int height) = Named(row, ImageFault, () => ImageDecoder.ReadSize(bytes));
        return (Named(row, "", () => processor.MeasurePrompt([new ChatTurn(ChatRole.User, [new ImagePart(null), new TextPart(question)])], [processor.Images.Measure(width, height)])), null);
    }

    private static T Named<T>(DatasetRow row, string hint, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{Place(row)}{(hint.Length > 0 ? ", image" : "")}: {error.Message}{hint}", error);
        }
    }

    private static string Place(DatasetRow row) => $"{row.Position.File}: row {row.Position.Row}";
}
