using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>What became of the scoring of an answer. All but the first are counted apart.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VerdictStatus>))]
public enum VerdictStatus
{
    /// <summary>There is a reading.</summary>
    Read,

    /// <summary>The answer, or what the judge or guard said of it, cannot be read.</summary>
    Unparsed,

    /// <summary>The answer is empty; nobody was asked about it. Only some forms read that, as a refusal.</summary>
    Empty,

    /// <summary>The model gave no answer, or the judge none about it.</summary>
    Error,
}
