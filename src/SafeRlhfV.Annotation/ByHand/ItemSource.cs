using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Reads the pairs to be annotated: a paired data set, or a JSONL file of pairs without labels. The images are laid out in the working folder once.
/// </summary>
internal sealed class ItemSource
{
    private readonly string folder;
    private readonly Dictionary<string, AnnotationItem> items = [];

    private ItemSource(string working) => folder = Path.Combine(working, "images");

    /// <summary>The pairs in the data set's order; a pair that is there twice is annotated once.</summary>
    /// <exception cref="InvalidInputException">The data cannot be read or hold no pairs.</exception>
    public static IReadOnlyList<AnnotationItem> Load(string data, string working)
    {
        ItemSource source = new(working);
        try
        {
            Directory.CreateDirectory(source.folder);
            if (File.Exists(data) && IsUnlabelled(data)) source.AddLines(data);
            else
            {
                PreferenceDataset dataset = PreferenceDataset.Open(data);
                if (dataset.Layout != RowLayout.Paired)
                    throw new InvalidInputException($"{data}: rows of one answer cannot be annotated as pairs; give a paired data set.");
                foreach (ConversationRecord row in dataset.ReadRecords()) source.Add(row);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{working}: cannot be written ({error.Message.TrimEnd('.')}); check the permissions and the free space.", error);
        }
        return [.. source.items.Values];
    }

    /// <summary>The file of a pair's image.</summary>
    public static string ImageFile(string working, string id) => Path.Combine(working, "images", id);

    private static bool IsUnlabelled(string file) =>
        file.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) && File.ReadLines(file).FirstOrDefault(line => line.Length > 0) is { } first
        && !first.Contains("\"more_helpful_response_id\"", StringComparison.Ordinal);

    // the row's own labels count as the machine's where it has all of them
    private void Add(ConversationRecord row)
    {
        (IReadOnlyList<EncodedImage> images, string question) = row.AsQuestion("data annotate");
        if (images.Count > 1)
            throw new InvalidInputException($"{row.Source.File}: row {row.Source.Row} has {images.Count} images, and 'data annotate' shows one; leave such "
                + "rows out.");
        if (row.Answers is not [RecordAnswer first, RecordAnswer second])
            throw new InvalidInputException(
                $"{row.Source.File}: row {row.Source.Row} holds no two answers, so it cannot be annotated as a pair; leave it out.");
        EncodedImage? image = images.Count > 0 ? images[0] : null;
        AnnotationItem item = new("", question, first.Text, second.Text, first.From ?? "unknown", second.From ?? "unknown", row.Labels.Category, image?.Path,
            false, null);
        int Number(PairSide side) => side == PairSide.Chosen != row.RejectedFirst ? 1 : 2;
        Add(item, image?.Bytes,
            id => (row.Preferences, first.Rates, second.Rates,
                row.Labels) is ({ Helpful: { } better, Safe: { } safer }, { Harmless: { } harmless1, Helpful: { } helpful1 },
                { Harmless: { } harmless2, Helpful: { } helpful2 }, { Category: { } category, ImageSeverity: { } severity })
            ? new AnnotationRecord(id, "machine", Number(better), Number(safer), harmless1, harmless2, helpful1, helpful2, category, severity) : null);
    }

    private void AddLines(string file)
    {
        int number = 0;
        foreach (string line in File.ReadLines(file))
        {
            number++;
            if (line.Length == 0) continue;
            JsonObject row;
            try
            {
                row = JsonNode.Parse(line, null, JsonLine.Options) as JsonObject ?? throw new JsonException("the line is no object");
            }
            catch (JsonException error)
            {
                throw new InvalidInputException($"{file}, line {number} {JsonLine.Fault(error)}; mend or remove the line.", error);
            }
            if (row["messages"] is not null)
                throw new InvalidInputException($"{file}, line {number}: holds messages, and 'data annotate' shows one question with one image; leave such "
                    + "rows out.");
            string Needed(string name) => Text(name) is { Length: > 0 } text
                ? text
                : throw new InvalidInputException($"{file}, line {number}: '{name}' is missing; give question, response_1 and response_2.");
            string? Text(string name) => row[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
            string? category = Text("category"), path = Text("image");
            if (category is not null && Taxonomy.IndexOf(category) < 0)
                throw new InvalidInputException($"{file}, line {number}: '{category}' is not one of the categories of BeaverTails-V; mend it or leave it out.");
            byte[]? bytes = null;
            if (path is not null)
            {
                string full = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, path);
                bytes = File.Exists(full)
                    ? File.ReadAllBytes(full)
                    : throw new InvalidInputException($"{file}, line {number}: the image {path} is not there; mend the path.");
            }
            string? name = path is null ? null : Path.IsPathRooted(path) ? Path.GetFileName(path) : path;
            Add(new("", Needed("question"), Needed("response_1"), Needed("response_2"), Text("response_1_from") ?? "unknown",
                Text("response_2_from") ?? "unknown", category, name, false, null), bytes, _ => null);
        }
        if (items.Count == 0) throw new InvalidInputException($"{file}: no pair is there; give one with a line a pair.");
    }

    private void Add(AnnotationItem item, byte[]? image, Func<string, AnnotationRecord?> machine)
    {
        string id = PairKey.Of(item.Question, item.Response1, item.Response2, image);
        if (!items.TryAdd(id, item with { Id = id, HasImage = image is not null, Machine = machine(id) }) || image is null) return;
        string file = Path.Combine(folder, id);
        if (File.Exists(file) && FileSize.Of(file) == image.Length) return;
        AtomicFile.Write(file, image);
    }
}
