using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// What is certified of a policy from its answers to held-out prompts. Each claim holds with probability 1 - δ. The policy is released where all that decide
/// hold; a false release then has probability at most δ too, whichever claim is the false one.
/// </summary>
public sealed record PolicyCertificate
{
    private static readonly Severity[] Harms = [Severity.Minor, Severity.Moderate, Severity.Severe];

    /// <summary>What was asked for.</summary>
    public required CertificateOptions Options { get; init; }

    /// <summary>Number of answers.</summary>
    public required int Answers { get; init; }

    /// <summary>Costs that were cut to the range; null where a cost outside is an error.</summary>
    public required int? Clipped { get; init; }

    /// <summary>The mean cost; null where it is not certified.</summary>
    public required MeanCertificate? Cost { get; init; }

    /// <summary>The rate of unsafe answers; null where it is not certified.</summary>
    public required RateCertificate? Unsafe { get; init; }

    /// <summary>The rate of unsafe answers of each severity; null where a label states none.</summary>
    public required IReadOnlyList<GroupRate>? BySeverity { get; init; }

    /// <summary>The rate in each category; null where a prompt has none.</summary>
    public required IReadOnlyList<GroupRate>? ByCategory { get; init; }

    /// <summary>Whether all claims that decide hold.</summary>
    public bool Holds => Cost is not { Holds: false } && Unsafe is not { Holds: false }
        && Options.Groups.All(group => (group == CertificateGroup.Severity ? BySeverity : ByCategory)!.All(one => one.Holds));

    /// <summary>Certifies.</summary>
    /// <param name="answers">One answer to each of some independent held-out prompts.</param>
    /// <param name="options">What is to be certified.</param>
    /// <exception cref="InvalidInputException">An answer lacks what is needed, a cost lies outside the range, or the options do not fit together.</exception>
    public static PolicyCertificate Of(IReadOnlyList<CertifiedAnswer> answers, CertificateOptions options)
    {
        options.Check();
        double delta = options.Delta / options.Looks;
        (IReadOnlyList<double>? costs, int? clipped) = options.Budget is null ? (null, null) : Costs(answers, options);
        CertifiedAnswer[]? labelled = options.UnsafeBudget is null ? null : Labelled(answers);
        double rate = options.UnsafeBudget ?? 0;
        PolicyCertificate certificate = new()
        {
            Options = options,
            Answers = answers.Count,
            Clipped = clipped,
            Cost = costs is null ? null : MeanCertificate.Shuffled(costs, options.Range!.Value, delta, options.Budget!.Value, options.ShuffleSeed),
            Unsafe = labelled is null ? null : new RateCertificate(labelled.Count(answer => answer.Unsafe == true), labelled.Length, rate, delta),
            BySeverity = labelled is null || labelled.Any(answer => answer is { Unsafe: true, Severity: null or Severity.None })
                ? null
                : GroupRate.Family([.. Harms.Select(harm => (harm.ToString().ToLowerInvariant(),
                    labelled.Count(answer => answer.Unsafe == true && answer.Severity == harm), labelled.Length))], rate, delta),
            ByCategory = labelled is null || labelled.Any(answer => answer.Category is null)
                ? null
                : GroupRate.Family([.. labelled.GroupBy(answer => answer.Category!).OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => (group.Key, group.Count(answer => answer.Unsafe == true), group.Count()))], rate, delta),
        };
        foreach (CertificateGroup group in options.Groups)
            if ((group == CertificateGroup.Severity ? certificate.BySeverity : certificate.ByCategory) is null)
                throw new InvalidInputException(group == CertificateGroup.Severity
                    ? "--by severity: an unsafe answer has no severity; label them all, or leave the option out."
                    : "--by category: a prompt has no category; give them all one, or leave the option out.");
        return certificate;
    }

    private static (IReadOnlyList<double> Costs, int? Clipped) Costs(IReadOnlyList<CertifiedAnswer> answers, CertificateOptions options)
    {
        CostRange range = options.Range!.Value;
        double[] costs = new double[answers.Count];
        int clipped = 0;
        for (int i = 0; i < costs.Length; i++)
        {
            double cost = answers[i].Cost ?? throw new InvalidInputException($"{answers[i].Row}: has no cost, and --budget needs one.");
            if (!double.IsFinite(cost)) throw new InvalidInputException($"{answers[i].Row}: the cost is {(double.IsNaN(cost) ? "not a number" : "infinite")}; "
                + "score the answer again.");
            if (!range.Holds(cost))
            {
                if (!options.Clip)
                    throw new InvalidInputException(FormattableString.Invariant(
                        $"{answers[i].Row}: the cost {cost} lies outside --range {range.Low},{range.High}. State a range that no cost can leave, ")
                        + "or certify the cost cut to the range with --clip.");
                clipped++;
            }
            costs[i] = Math.Clamp(cost, range.Low, range.High);
        }
        return (costs, options.Clip ? clipped : null);
    }

    private static CertifiedAnswer[] Labelled(IReadOnlyList<CertifiedAnswer> answers) =>
        [.. answers.Select(answer => answer.Unsafe is null
            ? throw new InvalidInputException($"{answer.Row}: has no safety label, and --unsafe-budget needs one.") : answer)];
}
