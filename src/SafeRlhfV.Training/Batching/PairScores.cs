using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Both answers of some pairs scored in one pass.</summary>
internal static class PairScores
{
    public static (Tensor Preferred_B, Tensor Other_B) Of(ScorerRole scorer, TrainingData data, IReadOnlyList<PairSample> pairs)
    {
        SequenceBatch batch = data.Collate(pairs);
        Tensor scores = scorer.EndScores(batch);
        return (scores.narrow(0, 0, pairs.Count), scores.narrow(0, pairs.Count, pairs.Count));
    }
}
