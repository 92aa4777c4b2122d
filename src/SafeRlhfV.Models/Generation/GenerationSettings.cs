namespace SafeRlhfV.Models;

/// <summary>How answers are generated.</summary>
public sealed record GenerationSettings
{
    /// <summary>Maximum number of new tokens, the end token included.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>Maximum number of tokens of prompt and answer together; null = only <see cref="MaxNewTokens"/> counts.</summary>
    public int? MaxLength { get; init; }

    /// <summary>No end token before this many.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>No end token before prompt and answer together have this many.</summary>
    public int MinLength { get; init; }

    /// <summary>0 = always the best token (greedy).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Draw among the k best only; 0 = all.</summary>
    public int TopK { get; init; }

    /// <summary>Draw among the best whose probability reaches p; 1 = all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Draw among those whose probability is at least this share of the best one's; 0 = all.</summary>
    public double MinP { get; init; }

    /// <summary>Draw among the tokens whose surprise is nearest to the expected one, until their probability reaches this; 1 = all.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Draw among those of at least this probability; 0 = all.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>The same with a bound that sinks with the entropy: min(eta, sqrt(eta) exp(-entropy)); 0 = all.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>Above 1 makes tokens of prompt and answer less likely to come again, below 1 more likely.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Fills answers up after their end.</summary>
    public int PadTokenId { get; init; }

    /// <summary>Tokens that are never generated.</summary>
    public IReadOnlyList<int> ForbiddenTokenIds { get; init; } = [];

    /// <summary>Tokens that do not begin an answer.</summary>
    public IReadOnlyList<int> ForbiddenFirstTokenIds { get; init; } = [];

    /// <summary>No run of this many tokens comes twice in prompt and answer; 0 = any may.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>Added to the logit of a sequence's last token where its other tokens have just come; minus infinity forbids the sequence.</summary>
    public IReadOnlyList<SequenceBias> SequenceBiases { get; init; } = [];

    /// <summary>From this many tokens on, end tokens get |logit| (factor^n - 1) more, n counting from there; null = never.</summary>
    public (int Start, double Factor)? EndGrowth { get; init; }

    /// <summary>The last token that an answer may have is one of these; empty = any.</summary>
    public IReadOnlyList<int> ForcedEndTokenIds { get; init; } = [];

    /// <summary>Answers to each prompt; they share the prompt's pass.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Seed of the rows' streams, where the caller gives none.</summary>
    public long Seed { get; init; }

    /// <summary>Return log p of every token: of the model's whole distribution at the temperature, before penalty, top-k and top-p.</summary>
    public bool LogProbs { get; init; }

    /// <summary>Asked after each token of a row, with the row's number and its tokens so far; true ends the answer. Stop strings are built on it.</summary>
    public Func<int, IReadOnlyList<int>, bool>? Stop { get; init; }

    /// <summary>The same with another most number of new tokens, which goes before lengths that count the prompt.</summary>
    public GenerationSettings WithMaxNewTokens(int most) =>
        this with { MaxNewTokens = most, MaxLength = null, MinNewTokens = Math.Min(MinNewTokens, Math.Max(0, most)) };

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
        Require(MaxLength is not < 1, "max_length must be at least 1");
        Require(MinLength >= 0, "min_length must be 0 or above");
        Require(MinP is >= 0 and <= 1, "min_p must lie between 0 and 1");
        Require(TypicalP is > 0 and <= 1, "typical_p must lie above 0 and at most at 1");
        Require(EpsilonCutoff is >= 0 and < 1, "epsilon_cutoff must lie between 0 and 1");
        Require(EtaCutoff is >= 0 and < 1, "eta_cutoff must lie between 0 and 1");
        Require(NoRepeatNgramSize >= 0, "no_repeat_ngram_size must be 0 (off) or above");
        Require(SequenceBiases.All(entry => entry.Ids.Count > 0 && entry.Ids.All(id => id >= 0) && !double.IsNaN(entry.Bias)),
            "sequence_bias and bad_words_ids must name sequences of token ids");
        Require(EndGrowth is null || (EndGrowth.Value.Start >= 0 && double.IsFinite(EndGrowth.Value.Factor) && EndGrowth.Value.Factor > 0),
            "exponential_decay_length_penalty must be a start of at least 0 and a factor above 0");
        Require(double.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, "repetition_penalty must be above 0");
        Require(Samples >= 1, "the number of samples must be at least 1");
        Require(PadTokenId >= 0 && EosTokenIds.All(id => id >= 0), "token ids must not be negative");
    }
}
