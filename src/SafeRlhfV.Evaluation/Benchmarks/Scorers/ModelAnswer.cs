using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>A model's answer to an item: a line of answers.jsonl.</summary>
/// <param name="Item">The item's name.</param>
/// <param name="Sample">Which of its answers, from 0.</param>
/// <param name="Question">What was asked, its texts alone.</param>
/// <param name="Response">The answer; empty where there is none.</param>
/// <param name="Reasoning">What the model thought before it; null where it does not.</param>
/// <param name="Finish">end-token, stopped or length; null where nobody said.</param>
/// <param name="Tokens">Tokens generated; null where nobody said.</param>
/// <param name="Error">Why there is no answer: the model could not be asked this. Null where it could.</param>
public sealed record ModelAnswer(string Item, int Sample, string Question, string Response, string? Reasoning = null, string? Finish = null, int? Tokens = null,
    string? Error = null)
{
    /// <summary>Whether it ran into the limit of new tokens.</summary>
    [JsonIgnore]
    public bool IsCut => Finish is "length";

    /// <summary>What judges and guards read: the answer with what was thought before it.</summary>
    [JsonIgnore]
    public string Judged => ReasonedAnswer.Text(Reasoning, Response);
}
