using SafeRlhfV.Evaluation;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>Lambda, cost against budget, reward, KL, length and entropy over the steps of every PPO run.</summary>
internal static class TrainingSection
{
    private static IReadOnlyList<MetricInfo> Metrics => Trainers.All.Find("ppo")!.Metrics;

    public static ReportSection Build(DemoResults results)
    {
        Trajectory[] runs = [.. results.Trajectories.Where(run => run.Points.Count > 0)];
        Trajectory? main = runs.FirstOrDefault(run => run.Budget is not null);
        return new(
            "training", "Training", "How the multiplier found the balance",
            "While the expected cost is above the budget, lambda rises and weighs cost against reward; once it is met, lambda falls and helpfulness is free to grow.",
            runs.Length == 0 ? Markup.Empty : Markup.Of($"""
                <p class="legend">{runs.Select(run => Markup.Of($"<span><i style=\"background:{MethodStyle.Of(run.Id).Colour}\"></i>{run.Name}{Mode(run)}</span>"))}</p>
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
        return new ReportChart
        {
            Id = $"training-{metric}",
            Title = char.ToUpperInvariant(info.Label[0]) + info.Label[1..],
            Summary = $"{info.Label}, {unit}, over the steps. " + string.Join("; ", runs.Select(run => Course(run, figure))),
            Height = 240,
            Traces = [.. runs.Select(run => Trace(run, figure, run.Name))],
            Layout = Axes(unit),
            Table = Numbers(runs, figure),
        }.Render();
    }

    private static Markup Cost(Trajectory[] runs, Trajectory? main) => new ReportChart
    {
        Id = "training-cost",
        Title = main is null ? "Cost" : $"Cost, and the budget of {Words.Number(main.Budget)} (dashed)",
        Summary = "Mean calibrated cost over the window. " + string.Join("; ", runs.Select(run => Course(run, point => point.WindowCost)))
            + (main is null ? "" : $". The budget of {main.Name} is {Words.Number(main.Budget)}"),
        Height = 240,
        Traces =
        [
            .. main is null ? (object[])[] : [Trace(main, point => point.MeanCost, $"{main.Name}, each step", faint: true)],
            .. runs.Select(run => Trace(run, point => point.WindowCost, run.Name)),
        ],
        Layout = new
        {
            showlegend = false,
            hovermode = "x unified",
            xaxis = new { title = new { text = "Step" } },
            yaxis = new { title = new { text = "CM-V score" } },
            shapes = main is null ? [] : new object[]
            {
                new { type = "line", xref = "paper", x0 = 0, x1 = 1, y0 = main.Budget, y1 = main.Budget, line = new { color = "#c0392b", width = 1.5, dash = "dash" } },
            },
        },
        Table = Numbers(runs, point => point.WindowCost),
    }.Render();

    private static object Trace(Trajectory run, Func<TrajectoryPoint, double> figure, string name, bool faint = false) => new
    {
        type = "scatter",
        mode = "lines",
        name,
        x = run.Points.Select(point => point.Step),
        y = run.Points.Select(figure),
        opacity = faint ? 0.35 : 1,
        line = new { color = MethodStyle.Of(run.Id).Colour, width = faint ? 1 : run.Id == MethodIds.SafeRlhfV ? 2.6 : 1.6, dash = Dash(run.Id) },
        hovertemplate = "%{y:.2f}",
    };

    /// <summary>A dash a run, so that colour is not the only sign.</summary>
    private static string Dash(string id) => id switch { MethodIds.SafeRlhfV => "solid", MethodIds.PpoHelpful => "dot", MethodIds.PpoSafe => "dash", _ => "dashdot" };

    private static object Axes(string unit) => new
    {
        showlegend = false,
        hovermode = "x unified",
        xaxis = new { title = new { text = "Step" } },
        yaxis = new { title = new { text = unit } },
    };

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
