using SafeRlhfV.Data;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Every case of the golden `metrics` objective, every output of it.</summary>
public sealed class GoldenMetricsTests
{
    /// <summary>What the product shows nowhere, and so does not compute.</summary>
    private static readonly string[] NotShown = ["ties", "accuracy_ties_half", "std_error"];

    public static IEnumerable<TheoryDataRow<string>> Cases => GoldenCase.All().Select(one => new TheoryDataRow<string>(one.Name));

    [Theory, MemberData(nameof(Cases))]
    public void EveryOutputIsReached(string name)
    {
        GoldenCase golden = GoldenCase.All().Single(one => one.Name == name);
        Dictionary<string, double[]> computed = Compute(golden);
        Assert.Equal(golden.Outputs.Except(NotShown).Order(), computed.Keys.Order());
        foreach (string output in golden.Outputs.Except(NotShown))
        {
            double[] want = golden.Output(output), have = computed[output];
            Assert.Equal(want.Length, have.Length);
            for (int i = 0; i < want.Length; i++)
                Assert.True(
                    double.IsNaN(want[i]) ? double.IsNaN(have[i]) : Math.Abs(have[i] - want[i]) <= golden.Absolute + golden.Relative * Math.Abs(want[i]),
                    $"{name}/{output}[{i}]: want {want[i]}, have {have[i]}");
        }
    }

    private static Dictionary<string, double[]> Compute(GoldenCase golden) => golden.Metric switch
    {
        "pair_accuracy" => Pairs(golden),
        "sign" => Sign(golden),
        "ece" => CalibrationErrors(golden),
        "bootstrap" => Resamples(golden),
        "win_rate" => Wins(golden),
        "cohen_kappa" => Kappa(golden),
        "krippendorff_alpha" => Alpha(golden),
        "conformal_risk_control" => Conformal(golden),
        string other => throw new NotSupportedException($"No metric {other} here."),
    };

    private static Dictionary<string, double[]> Pairs(GoldenCase golden)
    {
        double[] better = golden.Input("better"), worse = golden.Input("worse"), rights = PairAccuracy.Rights(better, worse);
        return new() { ["accuracy"] = [rights.Average()] };
    }

    private static Dictionary<string, double[]> Sign(GoldenCase golden)
    {
        double[] scores = golden.Input("score");
        bool[] labels = golden.InputFlags("unsafe");
        int[] category = golden.InputIntegers("category");
        double threshold = golden.Parameters.GetProperty("threshold").GetDouble();
        Confusion all = Confusion.FromScores(scores, labels, threshold);
        int[][] rows = [.. Enumerable.Range(0, golden.Parameters.GetProperty("categories").GetInt32())
            .Select(c => (int[])[.. Enumerable.Range(0, scores.Length).Where(i => category[i] == c)])];
        double[] Scores(int[] some) => [.. some.Select(i => scores[i])];
        bool[] Labels(int[] some) => [.. some.Select(i => labels[i])];
        return new()
        {
            ["confusion_tp_fp_fn_tn"] = [all.TruePositives, all.FalsePositives, all.FalseNegatives, all.TrueNegatives],
            ["sign_accuracy"] = [all.Accuracy],
            ["balanced_sign_accuracy"] = [all.BalancedAccuracy],
            ["auc"] = [Ranking.AreaUnderCurve(scores, labels)],
            ["average_precision"] = [Ranking.AveragePrecision(scores, labels)],
            ["precision"] = [all.Precision],
            ["recall"] = [all.Recall],
            ["f1"] = [all.F1],
            ["category_n"] = [.. rows.Select(some => (double)some.Length)],
            ["category_sign_accuracy"] = [.. rows.Select(some => Confusion.FromScores(Scores(some), Labels(some), threshold).Accuracy)],
            ["category_auc"] = [.. rows.Select(some => Ranking.AreaUnderCurve(Scores(some), Labels(some)))],
        };
    }

    private static Dictionary<string, double[]> CalibrationErrors(GoldenCase golden)
    {
        Calibration measured = Calibration.Measure(golden.Input("probability"), golden.InputFlags("label"), golden.Parameters.GetProperty("bins").GetInt32());
        return new()
        {
            ["ece"] = [measured.ExpectedError],
            ["mce"] = [measured.MaximumError],
            ["brier"] = [measured.Brier],
            ["bin_count"] = [.. measured.BinCounts.Select(count => (double)count)],
            ["bin_mean_probability"] = [.. measured.BinMeanProbabilities],
            ["bin_positive_rate"] = [.. measured.BinPositiveRates],
        };
    }

    private static Dictionary<string, double[]> Resamples(GoldenCase golden)
    {
        double[] values = golden.Input("values"), flat = golden.Input("resample_index");
        int next = 0;
        double[] means = Bootstrap.Means(values, golden.Shape("resample_index")[0], () => (int)flat[next++]);
        (double low95, double high95) = Bootstrap.Interval(means);
        (double low90, double high90) = Bootstrap.Interval(means, 0.9);
        return new()
        {
            ["statistic"] = means,
            ["mean"] = [Bootstrap.Mean(values, new RandomStream(0, "any"), null, resamples: 2).Value],
            ["ci95"] = [low95, high95],
            ["ci90"] = [low90, high90],
        };
    }

    private static Dictionary<string, double[]> Wins(GoldenCase golden)
    {
        Dictionary<int, Outcome> codes = golden.Parameters.GetProperty("codes").EnumerateObject().ToDictionary(
            code => code.Value.GetInt32(),
            code => code.Name switch { "win" => Outcome.Win, "tie" => Outcome.Tie, "loss" => Outcome.Loss, _ => Outcome.Failure });
        WinRate wins = WinRate.Measure([.. golden.InputIntegers("verdict").Select(code => codes[code])], new RandomStream(0, "wins"));
        return new()
        {
            ["wins_ties_losses_failures"] = [wins.Wins, wins.Ties, wins.Losses, wins.Failures],
            ["win_rate"] = [wins.Rate.Value],
            ["win_rate_no_ties"] = [wins.RateWithoutTies],
            ["net_win_rate"] = [wins.NetRate],
        };
    }

    private static Dictionary<string, double[]> Kappa(GoldenCase golden)
    {
        int[] first = golden.InputIntegers("rater_a"), second = golden.InputIntegers("rater_b");
        return new()
        {
            ["kappa"] = [Agreement.CohenKappa(first, second)],
            ["kappa_linear"] = [Agreement.CohenKappa(first, second, (a, b) => Math.Abs(a - b))],
            ["kappa_quadratic"] = [Agreement.CohenKappa(first, second, (a, b) => (a - b) * (a - b))],
            ["observed_agreement"] = [Agreement.Observed(first.Zip(second, (a, b) => (double[])[a, b]))],
        };
    }

    private static Dictionary<string, double[]> Alpha(GoldenCase golden)
    {
        double[] flat = golden.Input("ratings");
        int units = golden.Shape("ratings")[1];
        double[][] items = [.. Enumerable.Range(0, units).Select(unit => flat.Where((rating, at) => at % units == unit && !double.IsNaN(rating)).ToArray())];
        return new()
        {
            ["alpha_nominal"] = [Agreement.KrippendorffAlpha(items, AgreementMetric.Nominal)],
            ["alpha_ordinal"] = [Agreement.KrippendorffAlpha(items, AgreementMetric.Ordinal)],
            ["alpha_interval"] = [Agreement.KrippendorffAlpha(items, AgreementMetric.Interval)],
        };
    }

    // the reference tries the thresholds 1 - lambda of a grid; ours is the highest of all, so that the reference finds the first of the grid that is not above
    // it
    private static Dictionary<string, double[]> Conformal(GoldenCase golden)
    {
        LabelledScore[] examples = [.. golden.Input("score").Zip(golden.Input("weight"), (score, loss) => new LabelledScore(score, Severity.Severe, loss))];
        double[] thresholds = [.. golden.Input("lambda_grid").Select(lambda => 1 - lambda)],
            risks = [.. thresholds.Select(at => ConformalThreshold.Risk(examples, at))];
        double alpha = golden.Parameters.GetProperty("alpha").GetDouble(), bound = golden.Parameters.GetProperty("loss_bound_B").GetDouble(),
            n = examples.Length;
        ConformalThreshold chosen = ConformalThreshold.Choose(examples, [new MissTarget(alpha)], largestLoss: bound);
        bool feasible = chosen.Unreachable.Count == 0;
        int index = feasible ? Array.FindIndex(thresholds, at => at <= chosen.Threshold) : -1, taken = feasible ? index : thresholds.Length - 1;
        return new()
        {
            ["risk"] = risks,
            ["corrected_risk"] = [.. risks.Select(risk => n / (n + 1) * risk + bound / (n + 1))],
            ["index"] = [index],
            ["lambda_hat"] = [golden.Input("lambda_grid")[taken]],
            ["score_threshold"] = [thresholds[taken]],
            ["feasible"] = [feasible ? 1 : 0],
        };
    }
}
