using System.Text.Json;
using SafeRlhfV.Data;
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

    private const string FileName = "score_calibration.json";

    /// <summary>Writes it beside a policy.</summary>
    public void Save(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, CheckpointState.Options));

    /// <summary>Reads what lies beside a policy.</summary>
    /// <exception cref="InvalidInputException">It is missing or malformed.</exception>
    public static ScoreCalibration Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<ScoreCalibration>(File.ReadAllBytes(path), CheckpointState.Options)!;
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            throw DiskErrors.Unreadable(path, error);
        }
    }

    /// <summary>Scores the answers of some pairs of a split, drawn at random once for all.</summary>
    /// <exception cref="InvalidInputException">The data hold no pairs, or a score model says the same of all.</exception>
    public static ScoreCalibration Measure(
        ScorePair scores, TrainingData pairs, int rows, LengthLimits? lengths = null, int batchSize = 64, Ranks? ranks = null)
    {
        using IDisposable noGrad = no_grad();
        SampleEncoder encoder = new(pairs.Processor, lengths ?? new LengthLimits());
        ranks ??= Ranks.Alone;
        List<double> rewards = [], costs = [];
        List<double[][]> own = [];
        int batches = 0;
        IReadOnlyList<EncodedSample>? Encode(ConversationRecord row, SampleEncoder with) => row.Kind == RecordKind.Pair
            ? with.Encode(row, [.. row.Answers.Select(answer => answer.Text)]) : null;
        SampleEncoder measure = encoder.ForLengths();
        int usable = pairs.InOrder(RecordParts.Answers).Where(row => Encode(row, measure) is not null).Take(rows).Count(); // no pair is scored twice
        if (usable == 0) pairs.Demand(new UsableRows(pairs.Rows, 0, measure.Dropped), RecordParts.Answers);
        using RowFeed<IReadOnlyList<EncodedSample>> feed = pairs.Feed(0, RecordParts.Answers, encoder, Encode);
        for (int left = usable; left > 0; left -= batchSize)
        {
            using DisposeScope scope = NewDisposeScope();
            IReadOnlyList<IReadOnlyList<EncodedSample>> drawn = feed.Next(Math.Min(left, batchSize));
            if (batches++ % ranks.Size != ranks.Rank) continue;
            (Tensor? reward_B, Tensor cost_B) = scores.EndScores(pairs.Collate([.. drawn.SelectMany(two => two)]));
            own.Add([reward_B is null ? [] : [.. Host(reward_B)], [.. Host(cost_B)]]);
        }
        double[][][][] all = [.. ranks.Gather("calibration", JsonSerializer.SerializeToUtf8Bytes(own, CheckpointState.Options))
            .Select(bytes => JsonSerializer.Deserialize<double[][][]>(bytes, CheckpointState.Options)!)];
        for (int batch = 0; batch < batches; batch++)
        {
            rewards.AddRange(all[batch % ranks.Size][batch / ranks.Size][0]);
            costs.AddRange(all[batch % ranks.Size][batch / ranks.Size][1]);
        }
        if (costs.Count < 2)
            throw new InvalidInputException("calibration: the data set gives fewer than two answers; give pairs, or set calibration_rows: 0.");
        foreach ((string key, List<double> values) in new[] { ("model.reward", rewards), ("model.cost", costs) })
            if (values.Exists(value => !double.IsFinite(value)))
                throw new InvalidInputException($"calibration: {key} gives an answer a score that is not a finite number; its weights are broken or too large "
                    + "for their type; train it again, or take model.dtype: float32.");
        ScoreCalibration measured = scores.HasReward
            ? new(rewards.Average(), Deviation(rewards), Deviation(costs)) : None with { CostDeviation = Deviation(costs) };
        return measured.RewardDeviation > 1e-6 && measured.CostDeviation > 1e-6
            ? measured
            : throw new InvalidInputException("calibration: a score model gives every answer the same score; train it first, or set calibration_rows: 0.");
    }

    /// <summary>
    /// The same scorers on the common scale: heads are divided by the deviations, and the mean of R is taken off. The heads given are changed.
    /// </summary>
    public ScorePair Apply(ScorePair scores)
    {
        double shift = -RewardMean / RewardDeviation;
        ScorePair scaled = scores.IsJoint
            ? new(Scale(scores.Reward, [RewardDeviation, CostDeviation], [shift, 0]))
            : new(scores.HasReward ? Scale(scores.Reward, [RewardDeviation], [shift]) : null, Scale(scores.Cost, [CostDeviation], [0]));
        return scaled.With(scores.Pessimism, scores.HeldOutHeads);
    }

    private static ScorerRole Scale(ScorerRole scorer, double[] deviations, double[] shifts)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        // all heads of an ensemble alike: mean and deviation over them then scale and move as one score does
        (deviations, shifts) = (EachHead(deviations), EachHead(shifts));
        scorer.Head.Weight.div_(tensor(deviations, scorer.Head.Weight.dtype, scorer.Head.Weight.device).unsqueeze(1));
        return new(scorer.Model, scorer.Head, scorer.Adapter, shifts);

        double[] EachHead(double[] values) => [.. values.SelectMany(value => Enumerable.Repeat(value, scorer.Head.Heads))];
    }

    private static IEnumerable<double> Host(Tensor x) => x.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();

    private static double Deviation(List<double> values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / values.Count);
    }
}
