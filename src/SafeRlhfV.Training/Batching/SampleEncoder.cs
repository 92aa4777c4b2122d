using SafeRlhfV.Data;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Turns a row's picture, question and answers into token ids and pixels, within the limits of length.</summary>
public sealed class SampleEncoder(ModelProcessor processor, LengthLimits limits)
{
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

    /// <summary>Encodes a row with its answers; null where it is too long and is dropped.</summary>
    /// <param name="row">A row of either layout.</param>
    /// <param name="responses">The answers wanted, each giving a sample; an empty one is the prompt alone.</param>
    /// <exception cref="InvalidInputException">The picture cannot be decoded.</exception>
    public IReadOnlyList<EncodedSample>? Encode(DatasetRow row, params IReadOnlyList<string> responses)
    {
        EncodedPrompt prompt = processor.EncodePrompt(row.Text("question") ?? "", Picture(row));
        SampleImages? images = prompt.Images.Count == 0 ? null : new SampleImages(row.Position.ToString(), prompt.Images);
        List<EncodedSample> samples = [];
        bool tooLong = prompt.Ids.Length > Math.Min(limits.PromptTokens, limits.TotalTokens - 1);
        foreach (string response in responses)
        {
            int[] ids = response.Length == 0 ? [] : processor.EncodeResponse(prompt, response);
            int room = Math.Min(limits.ResponseTokens, limits.TotalTokens - prompt.Ids.Length);
            if (ids.Length > room && limits.TooLong == TooLong.CutResponse && room > 0)
            {
                ids = ids[..room];
                Interlocked.Increment(ref cut);
            }
            tooLong |= ids.Length > room;
            samples.Add(new EncodedSample(prompt.Ids, ids, images));
        }
        if (!tooLong) return samples;
        Interlocked.Increment(ref dropped);
        return null;
    }

    private static RgbImage? Picture(DatasetRow row)
    {
        if (row.Image is not { Bytes: { } bytes }) return null;
        try
        {
            return ImageDecoder.Decode(bytes);
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{row.Position.File}: row {row.Position.Row}, image: {error.Message} 'data validate' finds all such rows.", error);
        }
    }
}
