using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// Answers with costs or labels in a JSONL file: rows with <c>row</c>, <c>cost</c>, <c>unsafe</c>, <c>severity</c> and <c>category</c>, as <c>certify --out</c>
/// writes them, or rows of one score as <c>score --data --out</c> writes them.
/// </summary>
public static class CertifiedAnswerFile
{
    private const string Hint = "rows have cost, or unsafe with severity and category, or are those of 'score --data --out' on one answer a row";

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read, is empty, or a line holds something else; file, line and field are named.</exception>
    public static IReadOnlyList<CertifiedAnswer> Read(string path)
    {
        if (Directory.Exists(path)) throw new InvalidInputException($"{path}: is a folder; name a file of answers: {Hint}.");
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file.");
        List<CertifiedAnswer> answers = [];
        Dictionary<string, int> rows = [];
        int number = 0;
        foreach (string line in DiskErrors.Reading(path, () => File.ReadAllLines(path), Hint))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try
            {
                using JsonDocument document = JsonLine.Parse(line);
                answers.Add(Answer(document.RootElement, $"{path}: line {number}"));
                // a bound holds for answers that are drawn once each: a repeated row would narrow it for nothing
                if (document.RootElement.TryGetProperty("row", out JsonElement row) && !rows.TryAdd(row.GetRawText(), number))
                    throw new InvalidInputException($"{path}: line {number} is of the same row as line {rows[row.GetRawText()]}; keep one answer to each row.");
            }
            catch (JsonException error)
            {
                string what = JsonLine.RepeatedName(error) is null ? $" is not JSON; {Hint}" : $": {JsonLine.Fault(error)}";
                throw new InvalidInputException($"{path}: line {number}{what}.", error);
            }
        }
        return answers.Count > 0 ? answers : throw new InvalidInputException($"{path}: there is no answer in it; {Hint}.");
    }

    private static CertifiedAnswer Answer(JsonElement row, string place)
    {
        if (row.ValueKind != JsonValueKind.Object) throw new InvalidInputException($"{place}: is no object; {Hint}.");
        double? cost = row.TryGetProperty("scores", out JsonElement scores) ? Score(row, scores, place) : Number(row, "cost", place);
        bool? isUnsafe = !row.TryGetProperty("unsafe", out JsonElement flag) || flag.ValueKind == JsonValueKind.Null ? null
            : flag.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.GetBoolean()
            : throw new InvalidInputException($"{place}: unsafe must be true or false.");
        if (cost is null && isUnsafe is null) throw new InvalidInputException($"{place}: has neither cost nor unsafe; {Hint}.");
        Severity? severity = Text(row, "severity", place) is not { } word ? null
            : Enum.TryParse(word, ignoreCase: true, out Severity known) && Enum.IsDefined(known) && !char.IsAsciiDigit(word[0]) ? known
            : throw new InvalidInputException($"{place}: severity '{word}' must be none, minor, moderate or severe.");
        if (isUnsafe is { } harms && severity is { } of && harms != (of != Severity.None))
            throw new InvalidInputException($"{place}: unsafe is {(harms ? "true" : "false")} and severity is "
                + $"{of.ToString().ToLowerInvariant()}; they contradict.");
        return new(place, cost, isUnsafe, severity, Text(row, "category", place) is { } category ? LabelWords.Family(category) : null);
    }

    private static double Score(JsonElement row, JsonElement scores, string place)
    {
        if (scores.ValueKind != JsonValueKind.Array || scores.GetArrayLength() != 1 || scores[0].ValueKind != JsonValueKind.Array)
            throw new InvalidInputException($"{place}: scores must hold those of one answer; a certificate is about the one answer of a policy to each "
                + "prompt.");
        string?[] outputs = row.TryGetProperty("outputs", out JsonElement names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(name => name.GetString())] : [];
        if (outputs.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key is { } output)
            throw new InvalidInputException($"{place}: outputs names '{output}' more than once; keep one.");
        int at = outputs.Length == 0 ? 0 : Array.IndexOf(outputs, "cost");
        if (at < 0 || at >= scores[0].GetArrayLength() || outputs.Length == 0 && scores[0].GetArrayLength() != 1)
            throw new InvalidInputException($"{place}: there is no cost among its scores.");
        return scores[0][at].ValueKind == JsonValueKind.Number ? scores[0][at].GetDouble()
            : throw new InvalidInputException($"{place}: the cost is no number.");
    }

    private static double? Number(JsonElement row, string name, string place) =>
        !row.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw new InvalidInputException($"{place}: {name} must be a number.");

    private static string? Text(JsonElement row, string name, string place) =>
        !row.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text
            : throw new InvalidInputException($"{place}: {name} must be text.");
}
