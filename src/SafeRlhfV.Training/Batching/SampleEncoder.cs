using SafeRlhfV.Data;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>Turns a row's conversation, images and answers into token ids and pixels, within the limits of length.</summary>
/// <param name="processor">The checkpoint's tokenizer, chat format and image processor.</param>
/// <param name="limits">What is too long.</param>
/// <param name="newTokens">Tokens that will be generated after each prompt: the model must have room for them too.</param>
public sealed class SampleEncoder(ModelProcessor processor, LengthLimits limits, int newTokens = 0)
{
    private const string ImageFault = " 'data validate' finds all such rows.";

    private bool pixels = true;
    private VisionCache? cache;
    private long dropped, cut, bothUnsafe;

    /// <summary>The checkpoint's tokenizer, chat format and image processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>Rows left out because a text was too long.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Pairs left out because both answers are unsafe.</summary>
    public long BothUnsafe => Interlocked.Read(ref bothUnsafe);

    /// <summary>Answers that lost their end.</summary>
    public long Cut => Interlocked.Read(ref cut);

    /// <summary>Both, for a checkpoint: a resumed run counts on.</summary>
    public LengthCounts Counts
    {
        get => new(Dropped, Cut);
        set => (dropped, cut) = (value.Dropped, value.Cut);
    }

    /// <summary>The ids of an answer as a row's prompt is followed by it, its end token among them. No limit of length applies.</summary>
    internal int[] EncodeAnswer(ConversationRecord row, string answer) => processor.EncodeResponse(Prompt(row, row.Prompt).Prompt, answer);

    /// <summary>An encoder of the same texts with counts of its own that decodes no image: its samples have the same ids and no images.</summary>
    public SampleEncoder ForLengths() => new(processor, limits, newTokens) { pixels = false };

    /// <summary>Encodes a row's question and image alone; null where they are too long and the row is dropped.</summary>
    /// <exception cref="InvalidInputException">As of <see cref="Encode"/>.</exception>
    public EncodedSample? EncodePrompt(ConversationRecord row)
    {
        (EncodedPrompt prompt, SampleImages? images, _) = Prompt(row, row.Prompt);
        return IsTooLong(prompt) ? Drop<EncodedSample>() : Checked(row, new EncodedSample(prompt.Ids, [], images));
    }

    /// <summary>Encodes a row with its answers; null where it is too long and is dropped.</summary>
    /// <param name="row">The row; its conversation up to the last question is the prompt.</param>
    /// <param name="responses">The answers wanted, each giving a sample.</param>
    /// <exception cref="InvalidInputException">An image cannot be decoded or the model does not take it, an answer is empty, or a text within the limits has
    /// more tokens than the model reads.</exception>
    public IReadOnlyList<EncodedSample>? Encode(ConversationRecord row, params IReadOnlyList<string> responses)
    {
        (EncodedPrompt prompt, SampleImages? images, _) = Prompt(row, row.Prompt);
        return WithAnswers(row, prompt, images, responses);
    }

    /// <summary>
    /// Encodes a conversation whose answers are learnt, but for those marked not to be: the prompt ends where the first such answer begins, and what follows is
    /// the response. Null where no answer is learnt, or the text is too long and is dropped.
    /// </summary>
    /// <exception cref="InvalidInputException">As of <see cref="Encode"/>; or the chat format writes an answer otherwise inside a conversation than at its
    /// end.</exception>
    public EncodedSample? EncodeConversation(ConversationRecord row)
    {
        int[] learnt = [.. row.Messages.Index().Where(one => one.Item is { Role: ConversationRole.Assistant, Loss: not false, Text.Length: > 0 })
            .Select(one => one.Index)];
        if (learnt.Length == 0) return null;
        (EncodedPrompt prompt, SampleImages? images, IReadOnlyList<ImageGeometry> geometries) = Prompt(row, [.. row.Messages.Take(learnt[^1])]);
        if (WithAnswers(row, prompt, images, [row.Messages[learnt[^1]].Text]) is not [var last]) return null;
        return learnt.Length == 1 ? last : WithEarlier(row, last, learnt.SkipLast(1), geometries);
    }

    /// <summary>An encoder of the same texts with counts of its own that processes no image whose features the cache has.</summary>
    internal SampleEncoder For(VisionCache features) => new(processor, limits, newTokens) { cache = features };

    /// <summary>Leaves out a pair of two unsafe answers, and counts it.</summary>
    internal T? DropUnsafe<T>() where T : class
    {
        Interlocked.Increment(ref bothUnsafe);
        return null;
    }

    /// <summary>Adds what another encoder counted.</summary>
    internal void Add(LengthCounts counts)
    {
        Interlocked.Add(ref dropped, counts.Dropped);
        Interlocked.Add(ref cut, counts.Cut);
    }

    private IReadOnlyList<EncodedSample>? WithAnswers(ConversationRecord row, EncodedPrompt prompt, SampleImages? images, IReadOnlyList<string> responses)
    {
        List<EncodedSample> samples = [];
        bool tooLong = IsTooLong(prompt);
        int shortened = 0;
        foreach (string response in responses)
        {
            if (response.Length == 0)
                throw new InvalidInputException($"{Place(row)}: the answer is empty, there is no token to learn from; 'data validate' finds all such rows.");
            int[] ids = processor.EncodeResponse(prompt, response);
            int room = Math.Min(limits.ResponseTokens, limits.TotalTokens - prompt.Ids.Length);
            if (ids.Length > room && limits.TooLong == TooLong.CutResponse && room > 0)
            {
                ids = ids[..room];
                shortened++;
            }
            tooLong |= ids.Length > room;
            samples.Add(new EncodedSample(prompt.Ids, ids, images));
        }
        if (tooLong) return Drop<IReadOnlyList<EncodedSample>>();
        Interlocked.Add(ref cut, shortened);
        return [.. samples.Select(sample => Checked(row, sample))];
    }

    // of a text that ends with its last answer, the answers before: each must stand in the conversation as it stands when it is the last one
    private EncodedSample WithEarlier(ConversationRecord row, EncodedSample last, IEnumerable<int> earlier, IReadOnlyList<ImageGeometry> geometries)
    {
        int[] ids = [.. last.Prompt, .. last.Response];
        bool[] learnt = new bool[ids.Length];
        learnt.AsSpan(last.Prompt.Length).Fill(true);
        int start = last.Prompt.Length;
        foreach (int index in earlier)
        {
            ConversationMessage[] before = [.. row.Messages.Take(index)];
            EncodedPrompt prompt = Named(row, "",
                () => processor.MeasurePrompt(Turns(before), [.. geometries.Take(before.Sum(message => message.ImageCount))]));
            int[] answer = processor.EncodeResponse(prompt, row.Messages[index].Text);
            int same = ids.AsSpan(0, last.Prompt.Length).StartsWith(prompt.Ids) ? ids.AsSpan(prompt.Ids.Length).CommonPrefixLength(answer) : 0;
            // the end token may be written otherwise, and the answer's last token may take in what follows
            if (same == 0 || same < answer.Length - 2)
                throw new InvalidInputException($"{Place(row)}: the chat format of {processor.Model.ModelType} does not write message {index + 1} inside a "
                    + "conversation as it does at its end, so it cannot be learnt there; mark it \"loss\": false.");
            learnt.AsSpan(prompt.Ids.Length, same).Fill(true);
            start = Math.Min(start, prompt.Ids.Length);
        }
        return new EncodedSample(ids[..start], ids[start..], last.Images, learnt[start..]);
    }

    private bool IsTooLong(EncodedPrompt prompt) => prompt.Ids.Length > Math.Min(limits.PromptTokens, limits.TotalTokens - 1);

    private T? Drop<T>() where T : class
    {
        Interlocked.Increment(ref dropped);
        return null;
    }

    private EncodedSample Checked(ConversationRecord row, EncodedSample sample)
    {
        int tokens = sample.Size.Filled, most = processor.Model.MaxTokens;
        if (tokens + newTokens <= most) return sample;
        throw new InvalidInputException(newTokens == 0
            ? $"{Place(row)}: the text has {tokens} tokens, and the model reads at most {most}; set training.lengths.total_tokens to at most {most}, "
                + "and prompt_tokens and response_tokens, where they are given, to no more."
            : $"{Place(row)}: the prompt has {tokens} tokens, which with max_new_tokens {newTokens} is more than the {most} that the model reads; "
                + (newTokens < most ? $"set training.lengths.prompt_tokens to at most {most - newTokens}, or lower max_new_tokens."
                    : $"set training.max_new_tokens to less than {most}."));
    }

    private (EncodedPrompt Prompt, SampleImages? Images, IReadOnlyList<ImageGeometry> Geometries) Prompt(ConversationRecord row,
        IReadOnlyList<ConversationMessage> messages)
    {
        byte[][] encoded = [.. messages.SelectMany(message => message.Parts).Where(part => part.Image is not null)
            .Select(part => row.Images[part.Image!.Value].Bytes
            ?? throw new InvalidInputException($"{Place(row)}: image {part.Image + 1} has no bytes.{ImageFault}"))];
        ImageProcessor processing = processor.Images.ForImages(encoded.Length);
        (IReadOnlyList<ImageGeometry> geometries, SampleImages? images) = pixels && encoded.Length > 0 ? Images() : ([.. encoded.Select(Measure)], null);
        EncodedPrompt prompt = Named(row, "", () => processor.MeasurePrompt(Turns(messages), geometries));
        return (prompt, images, geometries);

        ImageGeometry Measure(byte[] bytes)
        {
            (int width, int height) = Named(row, ImageFault, () => ImageDecoder.ReadSize(bytes));
            return Named(row, "", () => processing.Measure(width, height));
        }

        (IReadOnlyList<ImageGeometry>, SampleImages) Images()
        {
            SampleImages all = new($"{row.Source.File}#{row.Source.Row}", () => [.. encoded.Select(Process)]);
            if (cache?.Find(all.Key) is { } known && known.Count == encoded.Length) return (known, all);
            return (cache is { DecodesLate: true } ? [.. encoded.Select(Measure)] : [.. all.Images.Select(image => image.Geometry)], all);
        }

        ProcessedImage Process(byte[] bytes)
        {
            RgbImage image = Named(row, ImageFault, () => ImageDecoder.Decode(bytes));
            return Named(row, "", () => processing.Process(image));
        }
    }

    private static ChatTurn[] Turns(IReadOnlyList<ConversationMessage> messages) => [.. messages.Select(message => new ChatTurn(
        message.Role switch { ConversationRole.System => ChatRole.System, ConversationRole.User => ChatRole.User, _ => ChatRole.Assistant },
        [.. message.Parts.Select(part => part.Text is { } text ? (ChatPart)new TextPart(text) : new ImagePart(null))]))];

    private static T Named<T>(ConversationRecord row, string hint, Func<T> work)
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

    private static string Place(ConversationRecord row) => $"{row.Source.File}: row {row.Source.Row}";
}
