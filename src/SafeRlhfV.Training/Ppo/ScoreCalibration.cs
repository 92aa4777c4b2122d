using SafeRlhfV.Data;
using SafeRlhfV.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Brings two score models onto one scale before PPO: R is measured in its deviations from its mean, C in its deviations. C keeps its zero, which is the safe
/// line; so the budget is in deviations of C.
/// </summary>
/// <param name="RewardMean">Mean of R over the answers that were looked at.</param>
/// <param name="RewardDeviation">Deviation of R.</param>
/// <param name="CostDeviation">Deviation of C.</param>
public sealed record ScoreCalibration(double RewardMean, double RewardDeviation, double CostDeviation)
{
    /// <summary>Leaves scores as they are (the paper).</summary>
    public static ScoreCalibration None { get; } = new(0, 1, 1);

    /// <summary>Scores the answers of some pairs of a split, drawn at random once for all.</summary>
    /// <exception cref="InvalidInputException">The data hold no pairs, or a score model says the same of all.</exception>
    public static ScoreCalibration Measure(IScorer reward, IScorer cost, TrainingData pairs, int rows, LengthLimits? lengths = null, int batchSize = 64)
    {
        using IDisposable noGrad = no_grad();
        SampleEncoder encoder = new(pairs.Processor, lengths ?? new LengthLimits());
        List<double> rewards = [], costs = [];
        using RowFeed<IReadOnlyList<EncodedSample>> feed = pairs.Feed(0, row => row.ToPair() is var pair ? encoder.Encode(row, pair.Response1.Text, pair.Response2.Text) : null);
        for (int left = (int)Math.Min(rows, pairs.Rows); left > 0; left -= batchSize)
        {
            using DisposeScope scope = NewDisposeScope();
            SequenceBatch batch = pairs.Collate([.. feed.Next(Math.Min(left, batchSize)).SelectMany(two => two)]);
            rewards.AddRange(Host(reward.EndScores(batch)));
            costs.AddRange(Host(cost.EndScores(batch)));
        }
        if (rewards.Count < 2) throw new InvalidInputException("calibration: the data set gives fewer than two answers; give pairs, or set calibration_rows: 0.");
        ScoreCalibration measured = new(rewards.Average(), Deviation(rewards), Deviation(costs));
        return measured.RewardDeviation > 1e-6 && measured.CostDeviation > 1e-6
            ? measured
            : throw new InvalidInputException("calibration: a score model gives every answer the same score; train it first, or set calibration_rows: 0.");
    }

    /// <summary>A scorer of calibrated R: its head is divided, its mean taken off. The head given is changed.</summary>
    public ScorerRole Reward(VisionLanguageModel model, ScoreHead head, string? adapter = null) => new(model, Divide(head, RewardDeviation), adapter, -RewardMean / RewardDeviation);

    /// <summary>A scorer of calibrated C. The head given is changed.</summary>
    public ScorerRole Cost(VisionLanguageModel model, ScoreHead head, string? adapter = null) => new(model, Divide(head, CostDeviation), adapter);

    private static ScoreHead Divide(ScoreHead head, double by)
    {
        using IDisposable noGrad = no_grad();
        head.Weight.div_(by);
        return head;
    }

    private static IEnumerable<double> Host(Tensor x) => x.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();

    private static double Deviation(List<double> values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / values.Count);
    }
}
