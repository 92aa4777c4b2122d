namespace SafeRlhfV.Annotation;

/// <summary>What the calls to one model came to, over all runs of a working folder.</summary>
public sealed record ModelTally
{
    /// <summary>Answers paid for.</summary>
    public long Answers { get; init; }

    /// <summary>Of these, answers that an earlier run had paid for and this one took from the journal.</summary>
    public long FromJournal { get; init; }

    /// <summary>Attempts that failed in this run and were tried again or given up.</summary>
    public long FailedAttempts { get; init; }

    /// <summary>Tokens asked.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens answered.</summary>
    public long OutputTokens { get; init; }

    /// <summary>The cost at the settings' prices.</summary>
    public double Cost { get; init; }

    /// <summary>Answers whose tokens the service did not tell: their cost is not in <see cref="Cost"/>.</summary>
    public long WithoutUsage { get; init; }

    /// <summary>Two tallies together.</summary>
    public static ModelTally operator +(ModelTally one, ModelTally other) => new()
    {
        Answers = one.Answers + other.Answers,
        FromJournal = one.FromJournal + other.FromJournal,
        FailedAttempts = one.FailedAttempts + other.FailedAttempts,
        InputTokens = one.InputTokens + other.InputTokens,
        OutputTokens = one.OutputTokens + other.OutputTokens,
        Cost = one.Cost + other.Cost,
        WithoutUsage = one.WithoutUsage + other.WithoutUsage,
    };
}
