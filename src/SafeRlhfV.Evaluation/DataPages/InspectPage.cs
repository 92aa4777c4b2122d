using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// A page to browse a data set's rows: filters, search, images blurred until clicked and shown only when scrolled to. One file, opens offline.
/// </summary>
public static class InspectPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="rows">The rows; each image is embedded (scaled down where large), so a few hundred are sensible.</param>
    /// <param name="total">Rows of the whole data set.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, string title, IEnumerable<DatasetRow> rows, long total) => Page(title, rows, total).Write(path);

    internal static HtmlPage Page(string title, IEnumerable<DatasetRow> rows, long total)
    {
        object[] shown = [.. rows.Select(Shape)];
        string scope = shown.Length < total ? ", the first of each configuration and split (--rows shows more)" : "";
        Markup data = new(JsonSerializer.Serialize(shown)); // the default encoder escapes '<', so no text can end the script element
        return new HtmlPage
        {
            Title = title,
            Style = HtmlPage.Asset("inspect.css"),
            Script = HtmlPage.Asset("inspect.js"),
            Body = Markup.Of($"""
                {HtmlPage.Header(title, $"{shown.Length} of {Words.Count(total, "row")}{scope}. Images are blurred; click one to see it.")}
                <main>
                <div id="filters" role="search">
                {Choice("category", "Category")}{Choice("severity", "Severity")}
                {Choice("label", "Label", ("safe", "all responses safe"), ("mixed", "mixed"), ("unsafe", "all responses unsafe"))}{Choice("split", "Split")}
                <label>Text <input id="text" type="search" placeholder="in question and responses"></label>
                <output id="count"></output>
                </div>
                <div id="rows"></div>
                <div id="more"></div>
                </main>
                <script type="application/json" id="data">{data}</script>
                """),
        };
    }

    private static Markup Choice(string id, string name, params (string Value, string Text)[] options) => Markup.Of($"""
        <label>{name} <select id="{id}"><option value="">all</option>{options.Select(option =>
            Markup.Of($"<option value=\"{option.Value}\">{option.Text}</option>"))}</select></label>

        """);

    private static object Shape(DatasetRow row)
    {
        bool paired = row.Schema.Layout == RowLayout.Paired;
        return new
        {
            id = row.Position.ToString(),
            split = row.Position.Split,
            category = row.Text("category"),
            severity = row.Integer("image_severity"),
            question = row.Messages is null ? row.Text("question") : null,
            messages = row.Messages?.Select(message => new
            {
                role = message.Role.ToString().ToLowerInvariant(),
                loss = message.Loss,
                parts = message.Parts.Select(part => (object?)part.Text ?? part.Image),
            }),
            responses = Responses(row, paired),
            better = paired ? row.Text("more_helpful_response_id") : null,
            safer = paired ? row.Text("safer_response_id") : null,
            overall = paired ? row.Text("overall_response_id") : null,
            images = row.Images.Select(Image),
        };
    }

    private static object[] Responses(DatasetRow row, bool paired)
    {
        if (!paired)
            return row.Text("response") is null && row.Schema.HasMessages ? [] : [new { text = row.Text("response"), safe = row.Text("is_response_safe") }];
        IEnumerable<int> numbers = Enumerable.Range(1, 2).Where(number => row.Text($"response_{number}") is not null || !row.Schema.HasMessages);
        return
        [
            .. numbers.Select(number => new
            {
                text = row.Text($"response_{number}"),
                from = row.Text($"response_{number}_from"),
                safe = row.Text($"is_response_{number}_safe"),
                harmless = row.Integer($"response_{number}_harmless_rate"),
                helpful = row.Integer($"response_{number}_helpful_rate"),
            }),
        ];
    }

    private static object Image(EncodedImage image)
    {
        ImageHeader? header = image.Bytes is { } bytes ? ImageHeader.Read(bytes) : null;
        string? address = image.Bytes is null ? null : PageImage.Address(image.Bytes, header);
        return new { address, held = image.Bytes is not null, width = header?.Width, height = header?.Height };
    }
}
