using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Data;

/// <summary>The file annotations.jsonl of a data set: what each annotator said, a line a pair and annotator, without texts.</summary>
public static class AnnotationFile
{
    /// <summary>The file's name, beside the dataset card.</summary>
    public const string Name = "annotations.jsonl";

    private static readonly JsonSerializerOptions Json = new()
    {
        AllowDuplicateProperties = false,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The annotations as the file's text.</summary>
    public static string Write(IEnumerable<AnnotationRecord> records)
    {
        StringBuilder text = new();
        foreach (AnnotationRecord record in records) text.Append(JsonSerializer.Serialize(record, Json)).Append('\n');
        return text.ToString();
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read, or a line breaks the rules; the line is named.</exception>
    public static IReadOnlyList<AnnotationRecord> Read(string path) => DiskErrors.Reading(path, () => (IReadOnlyList<AnnotationRecord>)[.. ReadLines(path)]);

    /// <summary>Reads a file line by line.</summary>
    /// <exception cref="InvalidInputException">As <see cref="Read"/>; thrown when the line is reached.</exception>
    public static IEnumerable<AnnotationRecord> ReadLines(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length > 0) yield return Parse(path, number, line);
        }
    }

    /// <summary>The annotations of a data set; none where it has no such file.</summary>
    /// <exception cref="InvalidInputException">As <see cref="Read"/>.</exception>
    public static IReadOnlyList<AnnotationRecord> Of(string dataset) => Path.Combine(dataset, Name) is var file && File.Exists(file) ? Read(file) : [];

    private static AnnotationRecord Parse(string path, int number, string line)
    {
        try
        {
            AnnotationRecord record = JsonSerializer.Deserialize<AnnotationRecord>(line, Json) ?? throw new JsonException("null is no annotation");
            return record.FindFault() is { } fault ? throw new InvalidInputException($"{path}, line {number}: {fault}; mend or remove the line.") : record;
        }
        catch (JsonException error)
        {
            string what = JsonLine.RepeatedName(error) is null ? ParquetFile.FirstLine(error).TrimEnd('.') : JsonLine.Fault(error);
            throw new InvalidInputException($"{path}, line {number}: {what}; mend or remove the line.", error);
        }
    }
}
