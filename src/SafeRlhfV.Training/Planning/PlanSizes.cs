using SafeRlhfV.Data;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>How long texts are and how many images there are: what a memory plan needs to know of the data.</summary>
/// <param name="PromptTokens">Tokens of the longest prompt, image tokens among them.</param>
/// <param name="ResponseTokens">Tokens of the longest answer.</param>
/// <param name="Images">Rows of the data set, each with an image.</param>
/// <param name="DataBytes">Bytes of the data set's files.</param>
public sealed record PlanSizes(int PromptTokens, int ResponseTokens, long Images, long DataBytes)
{
    private const int MostLooked = 1024;
    private const double Longer = 1.1;

    /// <summary>How many rows were looked at, those that are left out among them.</summary>
    public long Looked { get; init; }

    /// <summary>Those of them that fit; empty where none were.</summary>
    public IReadOnlyList<PlanRow> Rows { get; init; } = [];

    /// <summary>
    /// What the images of a row take of the pixel values at most: images (LLaVA-1.5), tiles (LLaVA-NeXT) or patches (Qwen); null where they are not known.
    /// </summary>
    public int? MostImageRows { get; init; }

    /// <summary>The same on average.</summary>
    public double MeanImageRows { get; init; }

    /// <summary>Image tokens of a row at most; null where they are not known.</summary>
    public int? MostImageTokens { get; init; }

    /// <summary>Tokens of a prompt on average, image tokens among them.</summary>
    public double MeanPromptTokens { get; init; } = PromptTokens;

    /// <summary>Tokens of an answer on average.</summary>
    public double MeanResponseTokens { get; init; } = ResponseTokens;

    /// <summary>The limits of a recipe: the longest batch that could be. Nothing is known of the images.</summary>
    public static PlanSizes Limits(LengthLimits lengths, int? maxNewTokens = null)
    {
        int response = Math.Min(maxNewTokens ?? lengths.ResponseTokens, lengths.TotalTokens - 1);
        return new PlanSizes(Math.Min(lengths.PromptTokens, lengths.TotalTokens - response), response, long.MaxValue, long.MaxValue);
    }

    /// <summary>Looks at the first rows: where there are more, the longest is assumed to be a tenth longer, within the limits.</summary>
    /// <exception cref="InvalidInputException">The data set or an image in it is damaged.</exception>
    public static PlanSizes Look(DataRecipe data, ModelProcessor processor, LengthLimits lengths, bool prompts = false)
    {
        PreferenceDataset dataset = PreferenceDataset.Open(data.Folder);
        SampleEncoder encoder = new SampleEncoder(processor, lengths).ForLengths();
        int prompt = 1, response = 1;
        List<PlanRow> seen = [];
        List<(int Rows, int Tokens)> images = [];
        long rows = dataset.CountRows(data.Split, data.Config);
        double longer = rows > MostLooked ? Longer : 1;
        foreach (ConversationRecord row in dataset.ReadRecords(prompts ? RecordParts.None : RecordParts.Answers, data.Split, data.Config).Take(MostLooked))
        {
            EncodedSample[] all = [.. prompts ? encoder.EncodePrompt(row) is { } one ? [one] : [] : Texts(row, encoder)];
            if (all.Length == 0) continue;
            prompt = Math.Max(prompt, all.Max(sample => sample.Prompt.Length));
            response = Math.Max(response, all.Max(sample => sample.Response.Length));
            seen.Add(new PlanRow(all[0].Prompt.Length, prompts ? [] : [.. all.Select(sample => sample.Response.Length)]));
            ImageProcessor processing = processor.Images.ForImages(row.Images.Count);
            ImageGeometry[] sized = [.. row.Images.Select(image => image.Bytes).OfType<byte[]>().Select(bytes => ImageDecoder.ReadSize(bytes))
                .Select(size => processing.Measure(size.Width, size.Height))];
            images.Add((sized.Sum(image => image.Rows), sized.Sum(image => image.Tokens)));
        }
        long size = dataset.Parts.SelectMany(part => part.Files).Distinct().Sum(file => FileSize.Of(file));
        return new PlanSizes((int)Math.Min(prompt * longer, lengths.PromptTokens), (int)Math.Min(response * longer, lengths.ResponseTokens), rows, size)
        {
            Looked = Math.Min(rows, MostLooked),
            Rows = seen,
            MostImageRows = images.Count == 0 ? null : images.Max(row => row.Rows),
            MeanImageRows = images.Count == 0 ? 0 : images.Average(row => row.Rows),
            MostImageTokens = images.Count == 0 ? null : images.Max(row => row.Tokens),
            MeanPromptTokens = seen.Count == 0 ? 1 : seen.Average(row => row.Prompt),
            MeanResponseTokens = seen.Count == 0 ? 1 : seen.Average(row => row.Responses.DefaultIfEmpty(0).Average()),
        };
    }

    private static IEnumerable<EncodedSample> Texts(ConversationRecord row, SampleEncoder encoder)
    {
        // a conversation is learnt as one text: what follows its first answer counts as answer
        if (row.Messages.Count(message => message.Role == ConversationRole.Assistant) > 1 && row.Kind != RecordKind.Pair
            && encoder.EncodeConversation(row) is { } whole) return [whole];
        return encoder.Encode(row, [.. row.Answers.Select(answer => answer.Text).Where(answer => answer.Length > 0)]) ?? [];
    }
}
