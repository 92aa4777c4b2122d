namespace SafeRlhfV.Evaluation;

/// <summary>One chart of a page as static SVG, and the same in words and numbers for whoever cannot see it.</summary>
internal sealed record Chart
{
    /// <summary>Its anchor.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    /// <summary>What the chart shows, in one or two sentences: read aloud in its place.</summary>
    public required string Summary { get; init; }

    /// <summary>Pixels; the width is what the page gives.</summary>
    public int Height { get; init; } = 300;

    /// <summary>The lower axis.</summary>
    public required ChartAxis Across { get; init; }

    /// <summary>The upright axis.</summary>
    public required ChartAxis Up { get; init; }

    /// <summary>What is drawn, the last on top.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>A dashed line across at this value of the upright axis.</summary>
    public double? Limit { get; init; }

    /// <summary>Whether the series' names stand above.</summary>
    public bool Legend { get; init; }

    /// <summary>Where a pointer rests, all series are told at that place of the lower axis: for lines over steps.</summary>
    public bool Columns { get; init; }

    /// <summary>The numbers: the header row, then the others.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Table { get; init; } = [];

    /// <summary>A sentence under the chart.</summary>
    public string Note { get; init; } = "";

    public Markup Render() => Markup.Of($"""
        <figure class="chart" aria-labelledby="{Id}-title">
        <figcaption id="{Id}-title">{Title}</figcaption>
        {(Legend ? Key() : Markup.Empty)}
        <div class="plot" id="{Id}" role="img" aria-label="{Title}. {Summary}">{new ChartDrawing(this).Render()}</div>
        {(Note == "" ? Markup.Empty : Markup.Of($"<p class=\"note\">{Note}</p>"))}
        {Numbers()}
        </figure>

        """);

    private Markup Key() => Markup.Of($"<ul class=\"legend\">{Series.Where(series => !series.Faint).Select(Entry)}</ul>");

    private static Markup Entry(ChartSeries series)
    {
        int width = series.Line > 0 ? 30 : 14;
        string thickness = Svg.Number(series.Line);
        Markup line = series.Line == 0 ? Markup.Empty
            : Markup.Of($"<line class=\"line\" x2=\"{width}\" y1=\"7\" y2=\"7\" stroke-width=\"{thickness}\" stroke-dasharray=\"{series.Dash}\"/>");
        Markup mark = series.Mark is { } shape
            ? Markup.Of($"<g transform=\"translate({width / 2} 7)\">{ChartMarks.Draw(shape, series.Radius)}</g>") : Markup.Empty;
        return Markup.Of($"""
            <li><svg class="s{series.Colour}" width="{width}" height="14" aria-hidden="true">{line}
            {mark}</svg>
            {series.Name}</li>

            """);
    }

    private Markup Numbers() => Table.Count == 0 ? Markup.Empty : Markup.Of($"""
        <details class="numbers"><summary>The numbers<span class="hidden"> of “{Title}”</span></summary>
        {PageTable.Render(Title, Table[0], Table.Skip(1).Select(row => row.Select(cell => Markup.Of($"{cell}")).ToArray()))}
        </details>
        """);
}
