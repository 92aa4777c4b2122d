namespace SafeRlhfV.Evaluation;

/// <summary>The page over any number of results: one file that opens offline, on screen or paper, in light and dark, without a script.</summary>
public static class ComparisonPage
{
    private const int MostLetters = 1200;

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="comparison">What is shown.</param>
    /// <param name="images">The gallery's images, by SHA-256 (<see cref="ComparedImages"/>).</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, Comparison comparison, IReadOnlyDictionary<string, string> images) => HtmlPage.Of(
        $"Comparison of {string.Join(", ", comparison.Models.Select(model => model.Name))}",
        HtmlPage.Header("Models compared", string.Join("; ", comparison.Models.Select(model =>
            model.Model == "" ? model.Name : $"{model.Name}: {model.Model}"))
            + $". Differences are to {comparison.Models[0].Name}. Brackets are 95 % intervals over items."),
        [
            .. Sections(comparison),
            Gallery(comparison, images),
        ],
        Markup.Of($"<p>{(comparison.Notes.Count == 0 ? "" : string.Join("; ", comparison.Notes) + ". ")}All figures are in results.json.</p>"),
        HtmlPage.Asset("gallery.css")).Write(path);

    /// <summary>The sections of figures, for pages that show more beside them.</summary>
    internal static IReadOnlyList<PageSection> Sections(Comparison comparison) =>
    [
        new("plane", "Plane", "Helpfulness and harm", "Up is less harm, right is more help. The line joins the models that no other beats on both axes.",
            Markup.Join(comparison.Planes.Select(Plane))),
        new("wins", "Wins", "Win rates", "The share that the row's model wins of the column's; ties count half, and what could not be read does not count.",
            Markup.Join(comparison.Wins.Select(Wins))),
        new("benchmarks", "Benchmarks", "Benchmarks", "On the items that all have. The best value is marked; a difference is marked where its interval leaves "
            + "out 0. “Changed” counts items that the scorer reads otherwise than of the first model.",
            Markup.Join(comparison.Benchmarks.Select(Benchmark))),
        new("agreement", "Agreement", "Do judge, guard and phrases agree?", "Whether answers to harmful questions are unsafe (or not refused), over all "
            + "models’ answers: Cohen’s kappa, 0 by chance and 1 where they always agree.", Agreement("Agreement of scorers", comparison.Agreement)),
        new("people", "People", "Do they agree with people?", "Labels of people, matched by question and answer text. A judge’s tie agrees with no choice.",
            Agreement("Agreement with people", comparison.People)),
    ];

    private static Markup Plane(ComparedPlane plane, int index)
    {
        PlanePoint[] front = [.. plane.Points.Where(point => point.IsOnFront).OrderBy(point => point.Helpful.Value)];
        ChartSeries line = new("Pareto front", 0, [.. front.Select(point => new ChartPoint(100 * point.Helpful.Value, 100 * point.Harmless.Value))])
        { Line = 1.5, Dash = "4 4", Faint = true };
        ChartSeries Series(PlanePoint point, int i) => new(point.Model, 1 + i % (ChartSeries.Colours - 1),
        [
            new ChartPoint(100 * point.Helpful.Value, 100 * point.Harmless.Value)
            {
                AcrossInterval = Interval(point.Helpful),
                UpInterval = Interval(point.Harmless),
                Label = point.Model,
                LabelBold = point.IsOnFront,
                LabelLeft = point.Helpful.Value > 0.8 * plane.Points.Max(other => other.Helpful.Value),
                Tip = $"{point.Model}\n{plane.Helpful}: {ComparisonText.Share(point.Helpful)}\n{plane.Harmless}: {ComparisonText.Share(point.Harmless)}",
            },
        ])
        { Mark = (ChartMark)(i % Enum.GetValues<ChartMark>().Length) };
        return new Chart
        {
            Id = $"plane-{index + 1}",
            Title = plane.Title,
            Summary = string.Join("; ", plane.Points.Select(point =>
                $"{point.Model}: {plane.Helpful} {ComparisonText.Share(point.Helpful)}, {plane.Harmless} {ComparisonText.Share(point.Harmless)}")),
            Height = 420,
            Across = new($"{plane.Helpful}, % →"),
            Up = new($"{plane.Harmless}, % →"),
            Series = [line, .. plane.Points.Select(Series)],
            Legend = true,
            Table = [["Model", plane.Helpful, plane.Harmless, "Pareto front"], .. plane.Points.Select(point => (string[])
                [point.Model, ComparisonText.Share(point.Helpful), ComparisonText.Share(point.Harmless), point.IsOnFront ? "yes" : "no"])],
            Note = plane.Formula,
        }.Render();
    }

    private static (double, double)? Interval(Estimate share) => double.IsNaN(share.Low) ? null : (100 * share.Low, 100 * share.High);

    private static Markup Wins(WinMatrix matrix) => Markup.Of($"""
        <h3>{matrix.Axis switch { JudgementAxis.Helpful => "Helpfulness", _ => "Harm" }}</h3>
        <p class="note">{matrix.Source}</p>
        {PageTable.Render($"Win rates, {ComparisonText.Name(matrix.Axis)}, {matrix.Source}", ["Wins of \\ over", .. matrix.Models],
            matrix.Models.Select(row => (IReadOnlyList<Markup>)[Markup.Of($"{row}"), .. matrix.Models.Select(column => Cell(matrix, row, column))]))}
        """);

    private static Markup Cell(WinMatrix matrix, string row, string column)
    {
        if (matrix.Over(row, column) is not { } rate) return Markup.Of($"{Words.Unknown}");
        string mark = rate.Rate.Low > 0.5 ? "pill safe" : rate.Rate.High < 0.5 ? "pill unsafe" : "";
        return Markup.Of($"<span class=\"{mark}\">{ComparisonText.Share(rate.Rate)}</span><small>{ComparisonText.Counts(rate)}</small>");
    }

    private static Markup Benchmark(BenchmarkComparison benchmark) => Markup.Of($"""
        <h3>{benchmark.Benchmark}</h3>
        <p class="note">{ComparisonText.Scope(benchmark)}</p>
        {benchmark.Scorers.Select(scorer => PageTable.Render($"{benchmark.Benchmark} by {scorer.Scorer}", [scorer.Scorer, .. benchmark.Models],
            [.. ComparisonText.Shown(scorer).Select(Figure),
                [Markup.Of($"changed <small>unreadable</small>"), .. scorer.Changed.Zip(scorer.Unreadable).Select((pair, m) =>
                    Markup.Of($"{(m == 0 ? Words.Unknown : $"{pair.First}")}<small>{pair.Second}</small>"))]]))}
        """);

    private static IReadOnlyList<Markup> Figure(FigureComparison figure)
    {
        string way = figure.HigherIsBetter switch { true => "higher is better", false => "lower is better", null => "" };
        return
        [
            Markup.Of($"{ComparisonText.Name(figure)}<small>{way}</small>"),
            .. figure.Values.Select(value =>
            {
                string shown = ComparisonText.Value(figure, value.Value);
                Markup best = value.IsBest ? Markup.Of($"<b class=\"pill help\">{shown}</b>") : Markup.Of($"{shown}");
                if (value.Difference is not { } difference) return best;
                string text = ComparisonText.Difference(figure, difference);
                return Markup.Of($"{best}<small>{(ComparisonText.IsClear(difference) ? Markup.Of($"<b>{text}</b>") : Markup.Of($"{text}"))}</small>");
            }),
        ];
    }

    private static Markup Agreement(string title, IReadOnlyList<ComparedAgreement> all) => all.Count == 0 ? Markup.Empty : PageTable.Render(title,
        ["Where", "about", "raters", "kappa", "equal", "items", "labels"], all.Select(one => (IReadOnlyList<Markup>)
        [
            Markup.Of($"{one.Where}"), Markup.Of($"{one.About}"), Markup.Of($"{one.First}<small>{one.Second}</small>"),
            Markup.Of($"{ComparisonText.Number(one.Kappa)}"), Markup.Of($"{Words.Percent(one.Equal)}"), Markup.Of($"{one.Items}"), Markup.Of($"{one.Labels}"),
        ]));

    /// <summary>The items on which models differ. The page's style needs gallery.css.</summary>
    internal static PageSection Gallery(Comparison comparison, IReadOnlyDictionary<string, string> images) => new("gallery", "Items",
        "Items on which models differ", "The widest differences of each benchmark in turn. Images are blurred; click one to see it.",
        comparison.Gallery.Count == 0 ? Markup.Empty : Markup.Of($"""
            <fieldset class="controls"><legend class="hidden">Images</legend>
            <label class="blur"><input type="checkbox" id="blur" checked> Blur images until clicked</label></fieldset>
            <div class="gallery">{comparison.Gallery.Select((item, i) => Card(item, i, images))}</div>
            """));

    private static Markup Card(DifferingItem item, int index, IReadOnlyDictionary<string, string> images) => Markup.Of($"""
        <article class="item" aria-labelledby="item-{index}">
        <div class="shown">{item.Images.Select(digest => Image(digest, images))}
        {Wanted(item.Harmful)}
        <p class="what">{item.Benchmark}, {item.Id}{string.Concat(item.Facts.Select(fact => $"; {fact.Key}: {fact.Value}"))}</p></div>
        <div class="told"><h3 id="item-{index}" class="asked">{(item.Question == "" ? "(the image asks)" : Short(item.Question))}</h3>
        <ul class="answers">{item.Answers.Select(Answer)}</ul></div>
        </article>

        """);

    private static Markup Image(string digest, IReadOnlyDictionary<string, string> images) => images.TryGetValue(digest, out string? address)
        ? PageImage.Shade(Markup.Of($"<img class=\"photo\" src=\"{address}\" alt=\"The image of the question\">"))
        : Markup.Of($"<p class=\"what\">(the image is not where it was)</p>");

    private static Markup Answer(DifferingAnswer answer) => Markup.Of($"""
        <li><p class="who">{answer.Model}<span class="rated">{Rated(answer.Worth)}</span></p>
        <p class="said">{(answer.Text == "" ? "(nothing)" : Short(answer.Text))}</p><p class="what">{string.Join("; ", answer.Readings)}</p></li>

        """);

    private static Markup Wanted(bool? harmful)
    {
        (string look, string word) = harmful switch { true => ("unsafe", "to be declined"), false => ("safe", "to be helped with"), null => ("quiet", "open") };
        return Markup.Of($"<p class=\"pill {look}\">{word}</p>");
    }

    private static Markup Rated(double? worth)
    {
        (string look, string word) = worth switch { null => ("quiet", "unreadable"), >= 0.5 => ("safe", "good"), _ => ("unsafe", "bad") };
        return Markup.Of($"<span class=\"pill {look}\">{word}</span>");
    }

    private static string Short(string text) => text.Length <= MostLetters ? text : $"{text[..MostLetters]} …";
}
