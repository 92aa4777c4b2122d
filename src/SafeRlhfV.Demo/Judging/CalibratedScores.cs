using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>RM-V and CM-V of a demo on the scale that its policies were trained on.</summary>
internal sealed class CalibratedScores : IDisposable
{
    private readonly List<IDisposable> owned = [];

    public CalibratedScores(DemoContext context)
    {
        ScorePair scores = new(Load(DemoContext.RewardModel), Load(DemoContext.CostModel));
        Pair = ScoreCalibration.Measure(scores, context.Data(DemoContext.PairData), context.Settings.SafePpo.CalibrationRows).Apply(scores);

        ScorerRole Load(string name)
        {
            (VisionLanguageModel backbone, ScoreHead head) = context.Scorer(name);
            owned.AddRange([backbone, head]);
            return new ScorerRole(backbone, head);
        }
    }

    /// <summary>Both.</summary>
    public ScorePair Pair { get; }

    public void Dispose()
    {
        foreach (IDisposable one in owned) one.Dispose();
    }
}
