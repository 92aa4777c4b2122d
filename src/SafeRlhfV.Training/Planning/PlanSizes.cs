using SafeRlhfV.Data;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>How long texts are and how many pictures there are: what a memory plan needs to know of the data.</summary>
/// <param name="PromptTokens">Tokens of the longest prompt, image tokens among them.</param>
/// <param name="ResponseTokens">Tokens of the longest answer.</param>
/// <param name="Pictures">Rows of the data set, each with a picture.</param>
/// <param name="DataBytes">Bytes of the data set's files.</param>
public sealed record PlanSizes(int PromptTokens, int ResponseTokens, long Pictures, long DataBytes)
{
    private const int Looked = 128;
    private const double Longer = 1.1;

    /// <summary>Tokens of a prompt on average, image tokens among them.</summary>
    public double MeanPromptTokens { get; init; } = PromptTokens;

    /// <summary>Tokens of an answer on average.</summary>
    public double MeanResponseTokens { get; init; } = ResponseTokens;

    /// <summary>The limits of a recipe: the longest batch that could be. Nothing is known of the pictures.</summary>
    public static PlanSizes Limits(LengthLimits lengths, int? maxNewTokens = null)
    {
        int response = Math.Min(maxNewTokens ?? lengths.ResponseTokens, lengths.TotalTokens - 1);
        return new PlanSizes(Math.Min(lengths.PromptTokens, lengths.TotalTokens - response), response, long.MaxValue, long.MaxValue);
    }

    /// <summary>Looks at the first rows: where there are more, the longest is assumed to be a tenth longer, within the limits.</summary>
    /// <exception cref="InvalidInputException">The data set or a picture in it is damaged.</exception>
    public static PlanSizes Look(DataRecipe data, ModelProcessor processor, LengthLimits lengths)
    {
        PreferenceDataset dataset = PreferenceDataset.Open(data.Folder);
        SampleEncoder encoder = new SampleEncoder(processor, lengths).ForLengths();
        int prompt = 1, response = 1;
        long seen = 0, prompts = 0, responses = 0;
        long rows = dataset.CountRows(data.Split, data.Config);
        double longer = rows > Looked ? Longer : 1;
        foreach (ConversationRecord row in dataset.ReadRecords(RecordParts.Answers, data.Split, data.Config).Take(Looked))
        {
            IEnumerable<EncodedSample> samples = encoder.Encode(row, [.. row.Answers.Select(answer => answer.Text).Where(answer => answer.Length > 0)]) ?? [];
            // a conversation is learnt as one text: what follows its first answer counts as answer
            if (row.Messages.Count(message => message.Role == ConversationRole.Assistant) > 1 && row.Kind != RecordKind.Pair && encoder.EncodeConversation(row) is { } whole) samples = samples.Append(whole);
            foreach (EncodedSample sample in samples)
            {
                prompt = Math.Max(prompt, sample.Prompt.Length);
                response = Math.Max(response, sample.Response.Length);
                (seen, prompts, responses) = (seen + 1, prompts + sample.Prompt.Length, responses + sample.Response.Length);
            }
        }
        long bytes = dataset.Parts.SelectMany(part => part.Files).Distinct().Sum(file => new FileInfo(file).Length);
        return new PlanSizes((int)Math.Min(prompt * longer, lengths.PromptTokens), (int)Math.Min(response * longer, lengths.ResponseTokens), rows, bytes)
        {
            MeanPromptTokens = (double)prompts / Math.Max(1, seen),
            MeanResponseTokens = (double)responses / Math.Max(1, seen),
        };
    }
}
