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
    public static IReadOnlyList<AnnotationRecord> Read(string path)
    {
        List<AnnotationRecord> records = [];
        int number = 0;
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                number++;
                if (line.Length == 0) continue;
                AnnotationRecord record = JsonSerializer.Deserialize<AnnotationRecord>(line, Json) ?? throw new JsonException("null is no annotation");
                if (record.FindFault() is { } fault) throw new InvalidInputException($"{path}, line {number}: {fault}; mend or remove the line.");
                records.Add(record);
            }
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path}, line {number}: {ParquetFile.FirstLine(error).TrimEnd('.')}; mend or remove the line.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Unreadable(path, error);
        }
        return records;
    }

    /// <summary>The annotations of a data set; none where it has no such file.</summary>
    /// <exception cref="InvalidInputException">As <see cref="Read"/>.</exception>
    public static IReadOnlyList<AnnotationRecord> Of(string dataset) => Path.Combine(dataset, Name) is var file && File.Exists(file) ? Read(file) : [];
}
