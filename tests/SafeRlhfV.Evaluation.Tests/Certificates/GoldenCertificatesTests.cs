namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Every case of the golden `certificates` objective, every output of it.</summary>
public sealed class GoldenCertificatesTests
{
    private static IReadOnlyList<GoldenCase> All { get; } = GoldenCase.All("objectives-2", "certificates");

    public static IEnumerable<TheoryDataRow<string>> Cases => All.Select(one => new TheoryDataRow<string>(one.Name));

    [Theory, MemberData(nameof(Cases))]
    public void EveryOutputIsReached(string name)
    {
        GoldenCase golden = All.Single(one => one.Name == name);
        Dictionary<string, double[]> computed = Compute(golden);
        Assert.Equal(golden.Outputs.Order(), computed.Keys.Order());
        foreach (string output in golden.Outputs)
        {
            double[] want = golden.Output(output), have = computed[output];
            Assert.Equal(want.Length, have.Length);
            for (int i = 0; i < want.Length; i++)
                Assert.True(have[i].Equals(want[i]) || Math.Abs(have[i] - want[i]) <= golden.Absolute + golden.Relative * Math.Abs(want[i]),
                    $"{name}/{output}[{i}]: want {want[i]}, have {have[i]}");
        }
    }

    private static Dictionary<string, double[]> Compute(GoldenCase golden) => golden.Parameters.GetProperty("form").GetString() switch
    {
        "mean" => Mean(golden),
        "rate" => Rate(golden),
        "rate_family" => Rates(golden),
        "mean_family" => Means(golden),
        var other => throw new NotSupportedException($"No form {other} here."),
    };

    private static Dictionary<string, double[]> Mean(GoldenCase golden)
    {
        double[] costs = golden.Input("costs");
        (CostRange range, double delta, double budget) = (Range(golden), Number(golden, "delta"), Number(golden, "budget"));
        BettingBound betting = Betting(golden, costs, delta);
        MeanCertificate certificate = MeanCertificate.InOrder(costs, range, delta, budget);
        // the product's cap and grid are the usual ones; cases with others are held by the bound itself
        bool usual = Number(golden, "c") == .5 && Number(golden, "grid") == 1000;
        if (usual) Assert.Equal((betting.Upper, betting.PValue, betting.Upper <= budget), (certificate.Betting, certificate.PValue, certificate.Holds));
        return new()
        {
            ["mean"] = [certificate.Mean],
            ["std"] = [certificate.Deviation],
            ["t_raw"] = [MeanBounds.StudentT(costs, delta)],
            ["t"] = [certificate.StudentT],
            ["hoeffding"] = [certificate.Hoeffding],
            ["bernstein"] = [certificate.Bernstein],
            ["betting"] = [betting.Upper],
            ["betting_root"] = [betting.Root],
            ["bets"] = [.. betting.Bets],
            ["log_wealth_at_budget"] = [betting.LogWealth],
            ["p_betting"] = [betting.PValue],
            ["p_t"] = [MeanBounds.StudentPValue(costs, budget)],
            ["holds_t"] = Holds(certificate.StudentT),
            ["holds_hoeffding"] = Holds(certificate.Hoeffding),
            ["holds_bernstein"] = Holds(certificate.Bernstein),
            ["holds_betting"] = Holds(betting.Upper),
        };

        double[] Holds(double bound) => [bound <= budget ? 1 : 0];
    }

    private static Dictionary<string, double[]> Rate(GoldenCase golden)
    {
        RateCertificate certificate = new((int)golden.Input("unsafe")[0], (int)golden.Input("total")[0], Number(golden, "budget"), Number(golden, "delta"));
        return new()
        {
            ["rate"] = [certificate.Rate],
            ["clopper_pearson"] = [certificate.Bound],
            ["p_value"] = [certificate.PValue],
            ["holds"] = [certificate.Holds ? 1 : 0],
        };
    }

    private static Dictionary<string, double[]> Rates(GoldenCase golden)
    {
        (double budget, double delta) = (Number(golden, "budget"), Number(golden, "delta"));
        (string, int, int)[] groups = [.. golden.InputIntegers("unsafe").Zip(golden.InputIntegers("total"), (found, total) => ("", found, total))];
        IReadOnlyList<GroupRate> family = GroupRate.Family(groups, budget, delta);
        double[] p = [.. family.Select(group => group.PValue)];
        return new()
        {
            ["bound"] = [.. family.Select(group => group.Bound)],
            ["bound_bonferroni"] = [.. family.Select(group => group.FamilyBound)],
            ["p_value"] = p,
            ["p_bonferroni"] = Families.Bonferroni(p),
            ["holds_bonferroni"] = [.. family.Select(group => group.FamilyBound <= budget ? 1.0 : 0)],
            ["p_holm"] = [.. family.Select(group => group.HolmPValue)],
            ["holds_holm"] = [.. family.Select(group => group.Holds ? 1.0 : 0)],
        };
    }

    private static Dictionary<string, double[]> Means(GoldenCase golden)
    {
        double[] all = golden.Input("costs");
        bool[] valid = golden.InputFlags("valid");
        int members = golden.Shape("costs")[0], width = golden.Shape("costs")[1];
        double[][] costs = [.. Enumerable.Range(0, members)
            .Select(member => Enumerable.Range(member * width, width).Where(at => valid[at]).Select(at => all[at]).ToArray())];
        (CostRange range, double budget, double delta) = (Range(golden), Number(golden, "budget"), Number(golden, "delta"));
        double[] p = [.. costs.Select(member => MeanBounds.StudentPValue(member, budget))];
        return new()
        {
            ["t"] = Students(delta),
            ["t_bonferroni"] = Students(delta / members),
            ["betting"] = [.. costs.Select(member => Betting(golden, member, delta).Upper)],
            ["betting_bonferroni"] = [.. costs.Select(member => Betting(golden, member, delta / members).Upper)],
            ["p_value"] = p,
            ["p_bonferroni"] = Families.Bonferroni(p),
            ["holds_bonferroni"] = [.. Students(delta / members).Select(bound => bound <= budget ? 1.0 : 0)],
            ["p_holm"] = Families.Holm(p),
            ["holds_holm"] = [.. Families.Holm(p).Select(adjusted => adjusted <= delta ? 1.0 : 0)],
        };

        double[] Students(double level) => [.. costs.Select(member => Math.Min(range.High, MeanBounds.StudentT(member, level)))];
    }

    private static BettingBound Betting(GoldenCase golden, double[] costs, double delta) =>
        BettingBound.Of(costs, Range(golden), delta, Number(golden, "budget"), Number(golden, "c"), (int)Number(golden, "grid"));

    private static CostRange Range(GoldenCase golden) => new(Number(golden, "lo"), Number(golden, "hi"));

    private static double Number(GoldenCase golden, string parameter) => golden.Parameters.GetProperty(parameter).GetDouble();
}
