using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>The file items.jsonl of a result: what results are compared by.</summary>
public static class ResultItems
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter<ReplyForm>(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>The SHA-256 of images, as items name them.</summary>
    public static IReadOnlyList<string> Digests(IEnumerable<EncodedImage> images) =>
        [.. images.Select(image => image.Bytes is { } bytes ? Convert.ToHexStringLower(SHA256.HashData(bytes)) : "")];

    /// <summary>Writes items aside and renames the file.</summary>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    public static void Write(string file, IEnumerable<ResultItem> items)
    {
        StringBuilder text = new();
        foreach (ResultItem item in items) text.Append(JsonSerializer.Serialize(item, Json)).Append('\n');
        AtomicFile.Write(file, text.ToString());
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">
    /// It cannot be read, holds an item twice, or a line is none or has a reading that its scorer never gives.
    /// </exception>
    public static IReadOnlyList<ResultItem> Read(string file)
    {
        List<ResultItem> items = [];
        HashSet<string> names = [];
        foreach ((int number, string line) in DiskErrors.Reading(file, () => File.ReadAllLines(file)).Index().Where(line => line.Item.Length > 0))
        {
            ResultItem item = JsonLine.Read<ResultItem>(line, Json, $"{file}: line {number + 1}", "is no item as 'eval score' writes it; score again");
            foreach (ItemReading found in item.Scorers)
                foreach (string? reading in found.Readings.Values.SelectMany(readings => readings))
                    if (!ReplyReading.Fits(found.Form, reading))
                        throw new InvalidInputException($"{file}: line {number + 1}: {found.Scorer} says '{ErrorText.Cut(reading!)}' of {item.Id}, which is "
                            + $"none of its readings ({ReplyReading.Possible(found.Form)}); score again.");
            items.Add(names.Add(item.Id) ? item : throw new InvalidInputException($"{file}: line {number + 1} holds {item.Id} again; score again."));
        }
        return items;
    }
}
