using System.Globalization;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// Draws a chart. Across, everything is placed in percent and upright in pixels, so that a chart is as wide as its column while its letters keep their size;
/// lines lie in a stretched view box with strokes that do not stretch.
/// </summary>
internal sealed class ChartDrawing
{
    private const int Top = 10, Bottom = 44, Stretch = 1000, MostColumns = 80, NameLetters = 20, LineHeight = 14;
    private const double Letter = 6.4;

    private readonly Chart chart;
    private readonly ChartScale across, up;
    private readonly double inner;

    public ChartDrawing(Chart chart)
    {
        this.chart = chart;
        ChartPoint[] points = [.. chart.Series.SelectMany(series => series.Points)];
        across = ChartScale.Of(chart.Across, points.SelectMany(point => Values(point.X, point.AcrossInterval)), 5, tight: chart.Columns);
        IEnumerable<double> limit = chart.Limit is { } line ? [line] : [];
        up = ChartScale.Of(chart.Up, [.. points.SelectMany(point => Values(point.Y, point.UpInterval)), .. limit], Math.Max(4, chart.Height / 60));
        inner = chart.Height - Top - Bottom;
    }

    public Markup Render() => Markup.Of($"""
        {Names()}<svg class="area" width="100%" height="{chart.Height}" aria-hidden="true">
        {Grid()}<svg width="100%" height="{chart.Height}" viewBox="0 0 {Stretch} {chart.Height}" preserveAspectRatio="none">{chart.Series.Select(Lines)}</svg>
        {chart.Series.Select(Marks)}{AcrossTicks()}{(chart.Columns ? Markup.Join(HoverColumns()) : Markup.Empty)}</svg>
        """);

    private static IEnumerable<double> Values(double value, (double Low, double High)? interval) =>
        interval is { } ends ? [value, ends.Low, ends.High] : [value];

    // the first name of an upright axis of names stands at the top
    private double Y(double value) => Top + inner * (chart.Up.Categories.Count > 0 ? up.Share(value) : 1 - up.Share(value));

    private string X(double value) => Svg.Percent(across.Share(value));

    /// <summary>The upright axis: its title and what is written at its ticks.</summary>
    private Markup Names()
    {
        string[][] texts = [.. up.Ticks.Select(tick => chart.Up.Categories.Count > 0 ? Words.Wrap(tick.Text, NameLetters) : [tick.Text])];
        int title = chart.Up.Title == "" ? 0 : 20;
        int width = title + 10 + (int)(Letter * texts.SelectMany(lines => lines).Select(line => line.Length).DefaultIfEmpty(1).Max());
        IEnumerable<Markup> names = texts.SelectMany((lines, i) => lines.Select((line, n) =>
            Tick(line, Y(up.Ticks[i].Value) + (n - (lines.Length - 1) / 2.0) * LineHeight)));
        return Markup.Of($"""
            <svg width="{width}" height="{chart.Height}" aria-hidden="true">{(title == 0 ? Markup.Empty : Title())}{names}</svg>
            """);

        Markup Title() => Markup.Of($"""
            <text class="axis" transform="translate(12 {Number(Top + inner / 2)}) rotate(-90)" text-anchor="middle">{chart.Up.Title}</text>
            """);
        Markup Tick(string text, double y) => Markup.Of($"<text class=\"tick\" x=\"{width - 7}\" y=\"{Number(y + 4)}\" text-anchor=\"end\">{text}</text>");
    }

    private Markup Grid()
    {
        List<Markup> lines = [.. up.Ticks.Select(tick => Across("grid", tick.Value))];
        if (!chart.Columns) lines.AddRange(across.Ticks.Select(tick => Upright("grid", tick.Value)));
        if (chart.Up.ZeroLine && up.Holds(0)) lines.Add(Across("zero", 0));
        if (chart.Across.ZeroLine && across.Holds(0)) lines.Add(Upright("zero", 0));
        if (chart.Limit is { } limit) lines.Add(Across("limit", limit));
        return Markup.Join(lines);

        Markup Across(string style, double value) => Markup.Of($"<line class=\"{style}\" x2=\"100%\" y1=\"{Number(Y(value))}\" y2=\"{Number(Y(value))}\"/>");
        Markup Upright(string style, double value) =>
            Markup.Of($"<line class=\"{style}\" x1=\"{X(value)}\" x2=\"{X(value)}\" y1=\"{Top}\" y2=\"{Number(Top + inner)}\"/>");
    }

    private Markup AcrossTicks() => Markup.Of($"""
        {across.Ticks.Select(tick => Markup.Of(
            $"<text class=\"tick\" x=\"{X(tick.Value)}\" y=\"{Number(Top + inner + 17)}\" text-anchor=\"middle\">{tick.Text}</text>"))}
        <text class="axis" x="50%" y="{chart.Height - 6}" text-anchor="middle">{chart.Across.Title}</text>

        """);

    /// <summary>The line of a series, broken where a value is missing, and its band.</summary>
    private Markup Lines(ChartSeries series)
    {
        Markup band = Markup.Empty, line = Markup.Empty;
        ChartPoint[] bounded = [.. series.Points.Where(point => series.Band && point.UpInterval is { } ends && double.IsFinite(ends.Low + ends.High))];
        if (bounded.Length > 1)
        {
            IEnumerable<string> edge =
            [
                .. bounded.Select(point => Place(point.X, point.UpInterval!.Value.High)),
                .. bounded.Reverse().Select(point => Place(point.X, point.UpInterval!.Value.Low)),
            ];
            band = Markup.Of($"<path class=\"band s{series.Colour}\" d=\"M{string.Join('L', edge)}Z\"/>");
        }
        if (series.Line > 0)
        {
            System.Text.StringBuilder path = new();
            bool open = false;
            foreach (ChartPoint point in series.Points)
            {
                bool there = IsThere(point);
                if (there) path.Append(open ? 'L' : 'M').Append(Place(point.X, point.Y));
                open = there;
            }
            string faint = series.Faint ? " faint" : "", dash = series.Dash == "" ? "" : $" stroke-dasharray=\"{series.Dash}\"";
            line = new Markup($"<path class=\"line s{series.Colour}{faint}\" stroke-width=\"{Number(series.Line)}\"{dash} d=\"{path}\"/>");
        }
        return Markup.Of($"{band}{line}");
    }

    private string Place(double x, double y) => $"{Number(Stretch * across.Share(x))} {Number(Y(y))}";

    private Markup Marks(ChartSeries series) => Markup.Join(series.Points.Where(IsThere).Select(point => Markup.Of(
        $"{(series.Band ? Markup.Empty : Intervals(series, point))}{(series.Mark is { } mark ? Mark(series, point, mark) : Markup.Empty)}")));

    private static bool IsThere(ChartPoint point) => double.IsFinite(point.X) && double.IsFinite(point.Y);

    private Markup Intervals(ChartSeries series, ChartPoint point)
    {
        Markup wide = point.AcrossInterval is { } ends && double.IsFinite(ends.Low + ends.High) ? Line(ends.Low, ends.High, point.Y, point.Y) : Markup.Empty;
        Markup tall = point.UpInterval is { } limits && double.IsFinite(limits.Low + limits.High)
            ? Line(point.X, point.X, limits.Low, limits.High)
            : Markup.Empty;
        return Markup.Of($"{wide}{tall}");

        Markup Line(double left, double right, double low, double high) => Markup.Of($"""
            <line class="interval s{series.Colour}" x1="{X(left)}" x2="{X(right)}" y1="{Number(Y(low))}" y2="{Number(Y(high))}"/>
            """);
    }

    private Markup Mark(ChartSeries series, ChartPoint point, ChartMark mark)
    {
        double radius = point.Radius > 0 ? point.Radius : series.Radius, aside = radius + 4;
        string tip = point.Tip != "" ? point.Tip : $"{series.Name}\n{Say(chart.Across, point.X)}\n{Say(chart.Up, point.Y)}";
        (double x, string anchor) = point.LabelLeft ? (-aside, "end") : (aside, "start");
        string y = Number(point.LabelBelow ? aside + 10 : -aside), style = point.LabelBold ? "label bold" : "label";
        Markup label = point.Label == "" ? Markup.Empty
            : Markup.Of($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{y}\" text-anchor=\"{anchor}\">{point.Label}</text>");
        return Markup.Of($"""
            <svg class="s{series.Colour}" x="{X(point.X)}" y="{Number(Y(point.Y))}">{ChartMarks.Draw(mark, radius)}{label}<title>{tip}</title></svg>

            """);
    }

    /// <summary>Clear columns over the drawing that tell what stands there.</summary>
    private IEnumerable<Markup> HoverColumns()
    {
        ChartSeries[] told = [.. chart.Series.Where(series => !series.Faint)];
        double[] places = [.. told.SelectMany(series => series.Points).Select(point => point.X).Where(double.IsFinite).Distinct().Order()];
        int count = Math.Min(places.Length, MostColumns);
        double[] shown = [.. Enumerable.Range(0, count).Select(i => places[count == 1 ? 0 : (int)((long)i * (places.Length - 1) / (count - 1))])];
        for (int i = 0; i < count; i++)
        {
            double from = i == 0 ? 0 : across.Share((shown[i - 1] + shown[i]) / 2), to = i == count - 1 ? 1 : across.Share((shown[i] + shown[i + 1]) / 2);
            IEnumerable<string> values = told.Select(series => (series.Name, At: series.Points.FirstOrDefault(point => point.X >= shown[i])))
                .Where(one => one.At is { } point && double.IsFinite(point.Y)).Select(one => $"{one.Name}: {Short(one.At!.Y)}");
            string tip = string.Join('\n', values.Prepend(Say(chart.Across, shown[i])));
            yield return Markup.Of($"""
                <rect class="column" x="{Svg.Percent(from)}" width="{Svg.Percent(to - from)}" y="{Top}" height="{Number(inner)}"><title>{tip}</title></rect>

                """);
        }
    }

    private static string Say(ChartAxis axis, double value) =>
        axis.Categories.Count > 0 ? axis.Categories[(int)value] : $"{(axis.Title == "" ? "" : axis.Title + ": ")}{Short(value)}";

    private static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Number(double value) => Svg.Number(value);
}
