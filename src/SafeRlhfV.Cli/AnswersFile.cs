using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>Answers to the rows of a data set, as <c>generate --data --out</c> writes them. Each row has as many answers as the others.</summary>
internal sealed class AnswersFile
{
    private static readonly JsonSerializerOptions Form = new()
    {
        AllowDuplicateProperties = false,
        PropertyNameCaseInsensitive = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true
    };

    private readonly string file;
    private readonly Dictionary<string, List<Line>> answers;

    private AnswersFile(string file, Dictionary<string, List<Line>> answers) => (this.file, this.answers) = (file, answers);

    /// <summary>How many answers each row has.</summary>
    public int Samples => answers.Values.FirstOrDefault()?.Count ?? 1;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">There is none, a line is no answer, or rows have different numbers of answers.</exception>
    public static AnswersFile Read(string file)
    {
        if (!File.Exists(file)) throw new InvalidInputException($"{file}: no such file; 'generate --data --out' writes one.");
        Dictionary<string, List<Line>> answers = [];
        foreach ((int number, string line) in File.ReadLines(file).Index().Where(line => line.Item.Length > 0))
        {
            Line answer = JsonLine.Read<Line>(line, Form, $"{file}: line {number + 1}",
                "is no answer; each line needs \"row\" and \"response\", as 'generate --data --out' writes them");
            if (!answers.TryGetValue(answer.Row, out List<Line>? row)) answers[answer.Row] = row = [];
            if (row.Exists(other => other.Sample == answer.Sample))
                throw new InvalidInputException($"{file}: line {number + 1} answers row {answer.Row} again as sample {answer.Sample}; keep one.");
            row.Add(answer);
        }
        foreach (List<Line> row in answers.Values) row.Sort((one, other) => one.Sample.CompareTo(other.Sample));
        AnswersFile read = new(file, answers);
        return answers.Values.FirstOrDefault(row => row.Count != read.Samples) is not { } odd ? read
            : throw new InvalidInputException($"{file}: row {odd[0].Row} has {odd.Count} answers and row {answers.Values.First()[0].Row} has {read.Samples}; "
                + "each row needs the same number of them.");
    }

    /// <summary>The answers to a row, in the order in which they were drawn.</summary>
    /// <param name="row">The row.</param>
    /// <param name="question">Its question; an answer that names another one is an error. Null = it has none of its own, as a conversation.</param>
    /// <exception cref="InvalidInputException">There is no answer to the row, or one to another question.</exception>
    public IReadOnlyList<Line> Of(DatasetRow row, string? question)
    {
        if (!answers.TryGetValue($"{row.Position}", out List<Line>? found))
            throw new InvalidInputException($"{file}: has no answer to row {row.Position} ({row.Position.InFile()}); generate answers to the same "
                + "rows (--split, --limit).");
        return found.TrueForAll(answer => answer.Question is null || question is null || answer.Question == question) ? found
            : throw new InvalidInputException($"{file}: its row {row.Position} answers another question than {row.Position.InFile()} asks; it was "
                + "generated from other data.");
    }

    /// <summary>One answer.</summary>
    /// <param name="Row">The row's place in the data set.</param>
    /// <param name="Response">The answer.</param>
    /// <param name="Question">The question.</param>
    /// <param name="Reasoning">What the model thought before; null = nothing.</param>
    /// <param name="Error">Why there is no answer; null = there is one.</param>
    /// <param name="Sample">Which of the row's answers.</param>
    internal sealed record Line(string Row, string Response, string? Question = null, string? Reasoning = null, string? Error = null, int Sample = 0);
}
