using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>data inspect</c>: what is in a data set, with a few rows; <c>--html</c> writes a page to browse.</summary>
internal static class DataInspectVerb
{
    private const int ImageSide = 32, Looked = 100;

    public static Command Create()
    {
        Argument<string> path = DataArguments.Path();
        Option<int?> rows = new("--rows")
        {
            Description = "Rows to show, from all configurations and splits alike; where left out, 3 on the terminal and 200 on a page."
        };
        Option<string?> split = new("--split") { Description = "Only this split." },
            config = new("--config") { Description = "Only this configuration (category)." };
        Option<string?> html = new("--html") { Description = "Write a page to browse the rows to this file." };
        Option<bool> images = new("--images") { Description = "Draw the images on the terminal (they may be disturbing)." };
        Option<bool> json = Output.JsonOption();
        Command command = new("inspect", "Show what is in a data set. Example: safe-rlhf-v data inspect data/beavertails-v --html rows.html") { path, rows,
            split, config, html, images, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            PreferenceDataset data = DataArguments.Open(parsed.GetRequiredValue(path));
            string? page = parsed.GetValue(html);
            if (parsed.GetValue(rows) is < 0) throw new InvalidInputException($"--rows {parsed.GetValue(rows)}: give the number of rows to show, 0 for none.");
            IEnumerable<DatasetRow> shown = data.Sample(parsed.GetValue(rows) ?? (page is null ? 3 : 200), parsed.GetValue(split), parsed.GetValue(config));
            if (page is not null) InspectPage.Write(page, data.Path, shown, data.CountRows());
            if (parsed.GetValue(json)) Output.Json(Describe(data, page is null ? shown : [], page));
            else Print(data, page is null ? shown : [], page, parsed.GetValue(images));
            return Task.FromResult(0);
        });
        return command;
    }

    private static object Describe(PreferenceDataset data, IEnumerable<DatasetRow> rows, string? page) => new
    {
        data.Path,
        data.Layout,
        Rows = data.CountRows(),
        Columns = data.DescribeColumns(Looked).Filled.Select(column => new { column.Name, column.Kind }),
        EmptyColumns = data.DescribeColumns(Looked).Empty,
        data.ExtraColumns,
        data.AbsentConfigs,
        Parts = data.Parts.Select(part => new { part.Config, part.Split, Rows = part.Files.Sum(data.CountRowsOfFile), part.Files }),
        Preview = rows.Select(row => row.Schema.Columns.ToDictionary(column => column.Name, column => column.Kind switch
        {
            ColumnKind.Text => row.Text(column.Name),
            ColumnKind.Integer => row.Integer(column.Name),
            ColumnKind.Messages => row.Messages?.Select(message =>
                new { Role = Role(message), Content = message.Parts.Select(part => new { part.Text, part.Image }), message.Loss }),
            ColumnKind.ImageList => row.Messages is null ? null : row.Images.Select(image => new { image.Path, Bytes = image.Bytes?.Length }),
            _ => row.Image is { } image ? new { image.Path, Bytes = image.Bytes?.Length } : (object?)null,
        })),
        Html = page,
    };

    private static void Print(PreferenceDataset data, IEnumerable<DatasetRow> rows, string? page, bool images)
    {
        Output.Line($"{data.Path}: {DataArguments.Count(data.CountRows(), "row")}, {data.Layout.ToString().ToLowerInvariant()} layout");
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("configuration").AddColumn("split").AddColumn(new TableColumn("rows").RightAligned())
            .AddColumn(new TableColumn("files").RightAligned());
        foreach (DatasetPart part in data.Parts)
            table.AddRow(Markup.Escape(part.Config), Markup.Escape(part.Split), $"{part.Files.Sum(data.CountRowsOfFile)}", $"{part.Files.Count}");
        Output.People.Write(table);
        (IReadOnlyList<(string Name, ColumnKind Kind)> filled, IReadOnlyList<string> empty) = data.DescribeColumns(Looked);
        Output.Line($"columns: {string.Join(", ", filled.Select(column => $"{column.Name} {column.Kind.ToString().ToLowerInvariant()}"))}");
        if (empty.Count > 0) Output.Line($"without a value in the first {Looked} rows: {string.Join(", ", empty)}");
        if (data.ExtraColumns.Count > 0) Output.Line($"not read: {string.Join(", ", data.ExtraColumns)}");
        if (data.AbsentConfigs.Count > 0) Output.Line($"named by the card but not here: {string.Join(", ", data.AbsentConfigs)}");
        foreach (DatasetRow row in rows) PrintRow(row, empty, images);
        if (page is not null) Output.Line(page);
    }

    private static void PrintRow(DatasetRow row, IReadOnlyList<string> empty, bool images)
    {
        Output.People.Write(new Rule(Markup.Escape(row.Position.ToString())).LeftJustified());
        foreach ((EncodedImage image, int number) in row.Images.Select((image, i) => (image, i + 1)))
        {
            ImageHeader? header = image.Bytes is { } bytes ? ImageHeader.Read(bytes) : null;
            Output.Line($"image{(row.Images.Count > 1 ? $" {number}" : "")}: {Output.Foreign(image.Path ?? "(no path)")}, "
                + $"{image.Bytes?.Length ?? 0} bytes{(header is null ? "" : $", {header.Format} {header.Width} x {header.Height}")}");
            if (images && !Console.IsOutputRedirected && header is { IsBomb: false }) Draw(image.Bytes!);
        }
        if (row.Images.Count == 0) Output.Line("image: none");
        foreach (ConversationMessage message in row.Messages ?? [])
            Output.Line($"{Role(message)}: "
                + $"{Output.Foreign(Short(string.Concat(message.Parts.Select(part => part.Text ?? $"[image {part.Image + 1}]"))))}"
                + $"{(message.Loss == false ? " (not learnt)" : "")}");
        foreach ((string name, ColumnKind kind)
            in row.Schema.Columns.Where(column => !empty.Contains(column.Name) && (column.Name != "question" || row.Messages is null)))
            if (kind == ColumnKind.Text) Output.Line($"{name}: {Output.Foreign(Short(row.Text(name)))}");
            else if (kind == ColumnKind.Integer) Output.Line($"{name}: {row.Integer(name)?.ToString() ?? "null"}");
    }

    private static string Role(ConversationMessage message) => message.Role.ToString().ToLowerInvariant();

    private static void Draw(byte[] bytes)
    {
        if (ImageThumbnail.Of(bytes, ImageSide) is not { } small) return;
        Canvas canvas = new(small.Width, small.Height);
        for (int y = 0; y < small.Height; y++)
            for (int x = 0; x < small.Width; x++)
            {
                int at = (y * small.Width + x) * 3;
                canvas.SetPixel(x, y, new Color(small.Pixels[at], small.Pixels[at + 1], small.Pixels[at + 2]));
            }
        Output.People.Write(canvas);
    }

    private static string Short(string? text) => text is null ? "null" : text.ReplaceLineEndings(" ") is var line && line.Length > 300
        ? line[..300] + "…"
        : text.ReplaceLineEndings(" ");
}
