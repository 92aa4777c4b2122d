using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>One chart of a page: what plotly.js draws, and the same in words and numbers for whoever cannot see it.</summary>
internal sealed record ReportChart
{
    // The default encoder escapes <, > and &, so the JSON can stand inside a script element.
    private static readonly JsonSerializerOptions Options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new GapConverter() },
    };

    public required string Id { get; init; }
    public required string Title { get; init; }

    /// <summary>What the chart shows, in one or two sentences: read aloud in its place.</summary>
    public required string Summary { get; init; }
    public int Height { get; init; } = 300;
    public required IReadOnlyList<object> Traces { get; init; }
    public required object Layout { get; init; }

    /// <summary>The numbers: the header row, then the others.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Table { get; init; } = [];

    /// <summary>A sentence under the chart.</summary>
    public string Note { get; init; } = "";

    public Markup Render()
    {
        string data = JsonSerializer.Serialize(new { data = Traces, layout = Layout }, Options);
        return Markup.Of($"""
            <figure class="chart" aria-labelledby="{Id}-title">
            <figcaption id="{Id}-title">{Title}</figcaption>
            <div class="plot" id="{Id}" role="img" aria-label="{Title}. {Summary}" style="height:{Height}px"></div>
            <script type="application/json" data-chart="{Id}">{new Markup(data)}</script>
            {(Note == "" ? Markup.Empty : Markup.Of($"<p class=\"note\">{Note}</p>"))}
            {Numbers()}
            </figure>

            """);
    }

    private Markup Numbers() => Table.Count == 0 ? Markup.Empty : Markup.Of($"""
        <details class="numbers"><summary>The numbers<span class="hidden"> of “{Title}”</span></summary>
        {ReportTable.Render(Title, Table[0], Table.Skip(1).Select(row => row.Select(cell => Markup.Of($"{cell}")).ToArray()))}
        </details>
        """);

    /// <summary>What is not a finite number is a gap in the curve.</summary>
    private sealed class GapConverter : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value)) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }
}
