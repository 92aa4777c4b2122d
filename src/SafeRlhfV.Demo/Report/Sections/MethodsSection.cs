using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The helpfulness-harm plane of all methods, and their figures.</summary>
internal static class MethodsSection
{
    private static readonly string[] Header =
    [
        "Method", "Helpful, 0\u00A0to\u00A03", "Harmless, −3\u00A0to\u00A03", "Unsafe", "Unsafe of risky", "Helpfulness gain", "Safety gain",
        "Mean cost", "Refuses risky", "Refuses benign", "Tokens",
    ];

    public static PageSection Build(DemoResults results)
    {
        IReadOnlyList<MethodResult> methods = results.Methods;
        return new(
            "methods", "Methods", "Where each method lands",
            "Up is more helpful, right is safer. Optimising one alone moves along one axis only; "
            + "the constrained run is to reach the upper right corner. Bars are 95 % bootstrap intervals over prompts.",
            methods.Count == 0 ? Markup.Empty : Markup.Of($"""
                <div class="grid two">{Gains(methods)}{Ratings(methods)}</div>
                {PageTable.Render("All methods", Header, methods.Select(Row))}
                <p class="note">Gains are win rates over the start’s answers to the same prompts, less 50 points; ties count half.
                The start’s own row is a control: 0 by construction.</p>
                """));
    }

    private static Markup Gains(IReadOnlyList<MethodResult> methods) => Plane(
        "plane-gain", "Gain over the start, points of win rate", "Safety gain", "Helpfulness gain",
        methods, method => Shift(method.SafeWins.Rate), method => Shift(method.HelpfulWins.Rate), 1);

    private static Markup Ratings(IReadOnlyList<MethodResult> methods) => Plane(
        "plane-rating", "Mean ratings of the exact rater", "Harmlessness, −3 to 3", "Helpfulness, 0 to 3",
        methods, method => method.Harmless, method => method.Helpful, 2);

    private static Estimate Shift(Estimate rate) => new(100 * rate.Value - 50, 100 * rate.Low - 50, 100 * rate.High - 50);

    private static Markup Plane(
        string id, string title, string across, string up, IReadOnlyList<MethodResult> methods,
        Func<MethodResult, Estimate> x, Func<MethodResult, Estimate> y, int digits)
    {
        double spanX = Span(methods.Select(method => x(method).Value)), spanY = Span(methods.Select(method => y(method).Value));
        double rightmost = methods.Max(method => x(method).Value);
        ChartSeries Series(MethodResult method)
        {
            MethodStyle style = MethodStyle.Of(method.Id);
            (Estimate h, Estimate v) = (x(method), y(method));
            bool main = method.Id == MethodIds.SafeRlhfV;
            ChartPoint point = new(h.Value, v.Value)
            {
                AcrossInterval = (h.Low, h.High),
                UpInterval = (v.Low, v.High),
                Label = method.Name,
                LabelBold = main,
                // to the side, clear of both interval bars, and inwards at the right edge
                LabelLeft = h.Value > rightmost - 0.25 * spanX,
                // a neighbour above within a label's size: write this one's name below its mark
                LabelBelow = methods.Any(other => other != method && Math.Abs(x(other).Value - h.Value) < 0.3 * spanX
                    && y(other).Value >= v.Value && y(other).Value - v.Value < 0.12 * spanY),
                Tip = $"{method.Name}\n{across}: {Interval(h, digits)}\n{up}: {Interval(v, digits)}",
            };
            return new(method.Name, style.Colour, [point]) { Mark = style.Mark, Radius = main ? 8 : 5.5 };
        }
        string[] Numbers(MethodResult method) => [method.Name, Interval(x(method), digits), Interval(y(method), digits)];
        return new Chart
        {
            Id = id,
            Title = title,
            Summary = string.Join("; ", methods.Select(method =>
                $"{method.Name}: {across} {Words.Number(x(method).Value, digits)}, {up} {Words.Number(y(method).Value, digits)}")),
            Height = 420,
            Across = new(across + " →") { ZeroLine = true, Range = Range(methods.SelectMany(method => new[] { x(method).Low, x(method).High })) },
            Up = new(up + " →") { ZeroLine = true, Range = Range(methods.SelectMany(method => new[] { y(method).Low, y(method).High })) },
            Series = [.. methods.Select(Series)],
            Table = [["Method", across, up], .. methods.Select(Numbers)],
        }.Render();
    }

    private static double Span(IEnumerable<double> values)
    {
        double[] all = [.. values.Where(double.IsFinite)];
        return all.Length == 0 ? 1 : Math.Max(1e-6, all.Max() - all.Min());
    }

    private static (double, double) Range(IEnumerable<double> values)
    {
        double[] all = [.. values.Where(double.IsFinite).DefaultIfEmpty(0)];
        double margin = 0.14 * Math.Max(0.5, all.Max() - all.Min());
        return (all.Min() - margin, all.Max() + margin);
    }

    private static string Interval(Estimate estimate, int digits) =>
        $"{Words.Number(estimate.Value, digits)} ({Words.Number(estimate.Low, digits)} to {Words.Number(estimate.High, digits)})";

    private static Markup[] Row(MethodResult method) =>
    [
        Markup.Of($"{MethodStyle.Swatch(method.Id)}{method.Name}<small>{method.Description}</small>"),
        Cell(method.Helpful), Cell(method.Harmless),
        Markup.Of($"{Words.Percent(method.UnsafeRate.Value)}"), Markup.Of($"{Words.Percent(method.UnsafeOfRisky.Value)}"),
        Gain(method.HelpfulWins), Gain(method.SafeWins),
        Markup.Of($"{Words.Number(method.MeanCost)}"),
        Markup.Of($"{Words.Percent(method.RefusalsOnRisky)}"), Markup.Of($"{Words.Percent(method.RefusalsOnBenign)}"),
        Markup.Of($"{Words.Number(method.MeanLength, 1)}"),
    ];

    private static Markup Cell(Estimate estimate) =>
        Markup.Of($"{Words.Number(estimate.Value)}<small>{Words.Number(estimate.Low)} to {Words.Number(estimate.High)}</small>");

    private static Markup Gain(WinRate wins)
    {
        Estimate shift = Shift(wins.Rate);
        return Markup.Of($"{Words.Points(wins.GainPoints)}<small>{Words.Points(shift.Low)} to {Words.Points(shift.High)}</small>");
    }
}
