using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Our own pass of the score models, whose raw scores a server's must be.</summary>
/// <param name="models">The score models, not calibrated.</param>
/// <param name="batcher">Puts prompts and responses side by side.</param>
/// <param name="atOnce">Samples that run at a time.</param>
internal sealed class OwnScores(ScorePair models, SampleBatcher batcher, int atOnce)
{
    /// <summary>Reward and cost of each sample; the cost alone where nothing gives a reward.</summary>
    public float[][] Of(IReadOnlyList<EncodedSample> samples)
    {
        using IDisposable noGrad = no_grad();
        List<float[]> scores = [];
        foreach (EncodedSample[] part in samples.Chunk(atOnce))
        {
            using DisposeScope scope = NewDisposeScope();
            PairedScores pair = models.EndScores(batcher.Collate(part));
            float[]? rewards = pair.Reward_B is { } given ? HostRows.Of(given) : null;
            scores.AddRange(HostRows.Of(pair.Cost_B).Select((cost, i) => rewards is null ? (float[])[cost] : [rewards[i], cost]));
        }
        return [.. scores];
    }
}
