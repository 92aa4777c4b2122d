using SafeRlhfV.Data;

namespace SafeRlhfV.Models;

/// <summary>How answers are generated.</summary>
public sealed record GenerationSettings
{
    /// <summary>Most tokens of an answer, the end token among them.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>No end token before this many.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>0 = always the best token (greedy).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Draw among the k best only; 0 = all.</summary>
    public int TopK { get; init; }

    /// <summary>Draw among the best whose probability reaches p; 1 = all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Above 1 makes tokens of prompt and answer less likely to come again.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Fills answers up after their end.</summary>
    public int PadTokenId { get; init; }

    /// <summary>Tokens that are never generated.</summary>
    public IReadOnlyList<int> ForbiddenTokenIds { get; init; } = [];

    /// <summary>Answers to each prompt; they share the prompt's pass.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Seed of the rows' streams, where the caller gives none.</summary>
    public long Seed { get; init; }

    /// <summary>Return log p of every token: of the model's whole distribution at the temperature, before penalty, top-k and top-p.</summary>
    public bool LogProbs { get; init; }

    /// <summary>Asked after each token of a row, with the row's number and its tokens so far; true ends the answer. Stop strings are built on it.</summary>
    public Func<int, IReadOnlyList<int>, bool>? Stop { get; init; }

    /// <summary>Throws if a setting is out of range.</summary>
    /// <exception cref="InvalidInputException">It names the setting.</exception>
    public void Validate()
    {
        static void Require(bool fine, string what)
        {
            if (!fine) throw new InvalidInputException($"Generation: {what}.");
        }

        Require(MaxNewTokens >= 1, "max_new_tokens must be at least 1");
        Require(MinNewTokens >= 0 && MinNewTokens <= MaxNewTokens, "min_new_tokens must lie between 0 and max_new_tokens");
        Require(double.IsFinite(Temperature) && Temperature >= 0, "temperature must be 0 (greedy) or above");
        Require(TopK >= 0, "top_k must be 0 (all) or above");
        Require(TopP is > 0 and <= 1, "top_p must lie above 0 and at most at 1");
        Require(double.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, "repetition_penalty must be above 0");
        Require(Samples >= 1, "the number of samples must be at least 1");
        Require(PadTokenId >= 0 && EosTokenIds.All(id => id >= 0), "token ids must not be negative");
    }
}
