using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>Answers to the rows of a data set, as <c>generate --data --out</c> writes them. Of several samples of a row the first counts.</summary>
internal sealed class AnswersFile
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNameCaseInsensitive = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true
    };

    private readonly string file;
    private readonly Dictionary<string, Line> answers;

    private AnswersFile(string file, Dictionary<string, Line> answers) => (this.file, this.answers) = (file, answers);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">There is none, or a line is no answer.</exception>
    public static AnswersFile Read(string file)
    {
        if (!File.Exists(file)) throw new InvalidInputException($"{file}: no such file; 'generate --data --out' writes one.");
        Dictionary<string, Line> answers = [];
        foreach ((int number, string line) in File.ReadLines(file).Index().Where(line => line.Item.Length > 0))
        {
            try
            {
                Line answer = JsonSerializer.Deserialize<Line>(line, Form)!;
                answers.TryAdd(answer.Row, answer);
            }
            catch (JsonException)
            {
                throw new InvalidInputException($"{file}: line {number + 1} is no answer; each line needs \"row\" and \"response\", as 'generate --data "
                    + "--out' writes them.");
            }
        }
        return new AnswersFile(file, answers);
    }

    /// <summary>The answer to a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="question">Its question; an answer that names another one is an error. Null = it has none of its own, as a conversation.</param>
    /// <exception cref="InvalidInputException">There is no answer to the row, or it is one to another question.</exception>
    public Line Of(DatasetRow row, string? question)
    {
        if (!answers.TryGetValue($"{row.Position}", out Line? answer))
            throw new InvalidInputException($"{file}: has no answer to row {row.Position}; generate answers to the same rows (--split, --limit).");
        return answer.Question is null || question is null || answer.Question == question ? answer
            : throw new InvalidInputException($"{file}: its row {row.Position} answers another question; it was generated from other data.");
    }

    /// <summary>One answer.</summary>
    /// <param name="Row">The row's place in the data set.</param>
    /// <param name="Response">The answer.</param>
    /// <param name="Question">The question.</param>
    /// <param name="Reasoning">What the model thought before; null = nothing.</param>
    /// <param name="Error">Why there is no answer; null = there is one.</param>
    internal sealed record Line(string Row, string Response, string? Question = null, string? Reasoning = null, string? Error = null);
}
