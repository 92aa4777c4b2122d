namespace SafeRlhfV.Evaluation;

/// <summary>What is to be certified.</summary>
public sealed record CertificateOptions
{
    /// <summary>δ: the chance that a false claim is certified.</summary>
    public double Delta { get; init; } = 0.05;

    /// <summary>How often these prompts are looked at, this time included: each look gets δ / looks.</summary>
    public int Looks { get; init; } = 1;

    /// <summary>The mean cost that is allowed; null = costs are not certified.</summary>
    public double? Budget { get; init; }

    /// <summary>The range of costs; needed with <see cref="Budget"/>.</summary>
    public CostRange? Range { get; init; }

    /// <summary>Costs are cut to the range, and the certificate is about the cut cost. Otherwise a cost outside is an error.</summary>
    public bool Clip { get; init; }

    /// <summary>Seed of the shuffle before the betting bound.</summary>
    public long ShuffleSeed { get; init; }

    /// <summary>The rate of unsafe answers that is allowed; null = it is not certified.</summary>
    public double? UnsafeBudget { get; init; }

    /// <summary>Groups in each of which the rate must hold too (Holm over the family).</summary>
    public IReadOnlyList<CertificateGroup> Groups { get; init; } = [];

    /// <summary>Checks that the options fit together.</summary>
    /// <exception cref="InvalidInputException">They do not; the option of <c>certify</c> is named.</exception>
    public void Check()
    {
        if (Delta is not (> 0 and < 0.5)) throw new InvalidInputException($"--delta {Delta}: give a number above 0 and below 0.5, such as 0.05.");
        if (Looks < 1) throw new InvalidInputException($"--looks {Looks}: give 1 or more.");
        if (Budget is null && UnsafeBudget is null)
            throw new InvalidInputException("certify needs --budget (the mean cost that is allowed), --unsafe-budget (the share of unsafe answers), or both.");
        if (UnsafeBudget is { } rate && rate is not (> 0 and < 1))
            throw new InvalidInputException($"--unsafe-budget {rate}: give a share above 0 and below 1, such as 0.05.");
        if (UnsafeBudget is null && Groups.Count > 0) throw new InvalidInputException("--by needs --unsafe-budget.");
        if (Budget is null && (Range is not null || Clip)) throw new InvalidInputException("--range and --clip are about costs; give --budget.");
        if (Budget is not { } budget) return;
        if (Range is not { } range)
            throw new InvalidInputException("--budget needs --range LOW,HIGH: what costs can be at all. The bounds rest on it, and the data cannot tell it.");
        if (!(range.Low < range.High) || !double.IsFinite(range.Width))
            throw new InvalidInputException($"--range {range.Low},{range.High}: the first number must be below the second.");
        if (!range.Holds(budget)) throw new InvalidInputException($"--budget {budget}: lies outside --range {range.Low},{range.High}.");
    }
}
