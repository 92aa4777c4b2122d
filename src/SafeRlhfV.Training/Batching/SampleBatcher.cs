using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>Puts samples side by side, and names the ids that end and fill up texts.</summary>
/// <param name="PadTokenId">Fills up; never looked at.</param>
/// <param name="EosTokenIds">End a response.</param>
/// <param name="Cache">Gives the images' features, and the device.</param>
public sealed record SampleBatcher(int PadTokenId, IReadOnlyList<int> EosTokenIds, VisionCache Cache)
{
    /// <summary>Gives the texts of responses; null where nobody reads them.</summary>
    public ModelProcessor? Processor { get; init; }

    /// <summary>That of a data set.</summary>
    public static SampleBatcher Of(TrainingData data) => new(data.Processor.PadTokenId, data.Processor.EosTokenIds, data.Cache) { Processor = data.Processor };

    /// <summary>The response of a sample as text.</summary>
    internal ResponseText TextOf(EncodedSample sample) => ResponseText.Of(sample,
        Processor ?? throw new InvalidOperationException("Responses are read as texts, and there is no processor for that."));

    /// <summary>A sample whose response is what is said outside of its thoughts.</summary>
    internal EncodedSample AnswerOf(EncodedSample sample) => sample with { Response = TextOf(sample).AnswerIds() };

    /// <summary>What the response of a sample says outside of its thoughts.</summary>
    internal string SaidIn(EncodedSample sample) => Processor!.DecodeResponse(AnswerOf(sample).Response);

    /// <summary>Puts samples side by side.</summary>
    public SequenceBatch Collate(IReadOnlyList<EncodedSample> samples) => SequenceBatch.Collate(samples, PadTokenId, Cache);

    /// <summary>Puts several answers to each prompt side by side: all first answers, then all second ones, and so on.</summary>
    public SequenceBatch CollateGroups(IReadOnlyList<EncodedSample> samples, int answers) => SequenceBatch.Collate(samples, PadTokenId, Cache, answers);
}
