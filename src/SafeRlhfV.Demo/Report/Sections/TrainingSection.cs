using SafeRlhfV.Evaluation;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>Lambda, cost against budget, reward, KL, length and entropy over the steps of every run that samples answers.</summary>
internal static class TrainingSection
{
    private static IReadOnlyList<MetricInfo> Metrics => Trainers.All.Find("ppo")!.Metrics;

    public static PageSection Build(DemoResults results)
    {
        Trajectory[] runs = [.. results.Trajectories.Where(run => run.Points.Count > 0)];
        Trajectory? main = runs.FirstOrDefault(run => run.Budget is not null);
        return new(
            "training", "Training", "How the multiplier found the balance",
            "While the expected cost is above the budget, lambda rises and weighs cost against reward; once it is met, lambda falls and helpfulness is free "
            + "to grow.",
            runs.Length == 0 ? Markup.Empty : Markup.Of($"""
                <p>{runs.Select(run => Markup.Of($"{MethodStyle.Swatch(run.Id)}{run.Name}{Mode(run)} &emsp; "))}</p>
                <div class="grid three">
                {Line("lambda", [.. runs.Where(run => run.Points.Any(point => point.Lambda != 0))], point => point.Lambda)}
                {Cost(runs, main)}
                {Line("reward", runs, point => point.Reward)}
                {Line("kl", runs, point => point.Kl)}
                {Line("length", runs, point => point.Length)}
                {Line("entropy", runs, point => point.Entropy)}
                </div>
                """));
    }

    private static string Mode(Trajectory run) => run.Multiplier is "none" or "" ? "" : $" ({run.Multiplier} multiplier)";

    private static Markup Line(string metric, Trajectory[] runs, Func<TrajectoryPoint, double> figure)
    {
        if (runs.Length == 0) return Markup.Empty;
        MetricInfo info = Metrics.First(known => known.Name == metric);
        string unit = info.Unit.Length > 0 ? info.Unit : info.Label;
        return new Chart
        {
            Id = $"training-{metric}",
            Title = char.ToUpperInvariant(info.Label[0]) + info.Label[1..],
            Summary = $"{info.Label}, {unit}, over the steps. " + string.Join("; ", runs.Select(run => Course(run, figure))),
            Height = 240,
            Columns = true,
            Across = new("Step"),
            Up = new(unit),
            Series = [.. runs.Select(run => Series(run, figure))],
            Table = Numbers(runs, figure),
        }.Render();
    }

    private static Markup Cost(Trajectory[] runs, Trajectory? main) => new Chart
    {
        Id = "training-cost",
        Title = main is null ? "Cost" : $"Cost, and the budget of {Words.Number(main.Budget)} (dashed)",
        Summary = "Mean calibrated cost over the window. " + string.Join("; ", runs.Select(run => Course(run, point => point.WindowCost)))
            + (main is null ? "" : $". The budget of {main.Name} is {Words.Number(main.Budget)}"),
        Height = 240,
        Columns = true,
        Across = new("Step"),
        Up = new("CM-V score"),
        Limit = main?.Budget,
        Series =
        [
            .. main is null ? (ChartSeries[])[] : [Series(main, point => point.MeanCost) with { Line = 1, Faint = true }],
            .. runs.Select(run => Series(run, point => point.WindowCost)),
        ],
        Table = Numbers(runs, point => point.WindowCost),
    }.Render();

    private static ChartSeries Series(Trajectory run, Func<TrajectoryPoint, double> figure) =>
        new(run.Name, MethodStyle.Of(run.Id).Colour, [.. run.Points.Select(point => new ChartPoint(point.Step, figure(point)))])
        {
            Line = run.Id == MethodIds.SafeRlhfV ? 2.6 : 1.6,
            Dash = Dash(run.Id),
        };

    /// <summary>A dash a run, so that colour is not the only sign.</summary>
    private static string Dash(string id) =>
        ChartSeries.Dashes[id switch { MethodIds.SafeRlhfV => 0, MethodIds.PpoHelpful => 1, MethodIds.PpoSafe => 2, _ => 3 }];

    private static string Course(Trajectory run, Func<TrajectoryPoint, double> figure) =>
        $"{run.Name} goes from {Words.Number(figure(run.Points[0]))} to {Words.Number(figure(run.Points[^1]))}";

    /// <summary>About ten steps a run: enough to follow the curve by ear.</summary>
    private static IReadOnlyList<IReadOnlyList<string>> Numbers(Trajectory[] runs, Func<TrajectoryPoint, double> figure)
    {
        int last = runs.Max(run => run.Points.Count);
        int[] rows = [.. Enumerable.Range(0, 11).Select(i => (int)Math.Round(i * (last - 1) / 10.0)).Distinct()];
        return
        [
            ["Step", .. runs.Select(run => run.Name)],
            .. rows.Select(row => (string[])[$"{row + 1}", .. runs.Select(run => row < run.Points.Count ? Words.Number(figure(run.Points[row])) : "")]),
        ];
    }
}
