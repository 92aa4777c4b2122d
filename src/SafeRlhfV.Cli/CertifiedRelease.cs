using System.Security.Cryptography;
using System.Text;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>
/// A policy that is released only where its certificate holds. Training knows how many held-out prompts there are, and nothing else of them; they are read
/// once, after training, for one candidate.
/// </summary>
internal sealed class CertifiedRelease
{
    private readonly RolloutRecipe recipe;
    private readonly CertifyRecipe certify;
    private readonly CertificateOptions options;

    /// <summary>Prepares the certificate of a recipe.</summary>
    /// <exception cref="InvalidInputException">The options do not fit together.</exception>
    public CertifiedRelease(RolloutRecipe recipe, CertifyRecipe certify)
    {
        (this.recipe, this.certify) = (recipe, certify);
        options = new CertificateOptions
        {
            Delta = certify.Delta,
            Looks = certify.Looks,
            Budget = recipe.Sampling.Multiplier.Budget,
            Range = new(certify.Range[0], certify.Range[1]),
            Clip = certify.Clip,
            ShuffleSeed = certify.ShuffleSeed,
        };
        options.Check();
    }

    private string Candidate => Path.Combine(recipe.Run.Folder, ResultFolder.CandidateName);

    private string Result => Path.Combine(recipe.Run.Folder, ResultFolder.Name);

    private string Journal => certify.Journal.Length > 0 ? certify.Journal : Path.Combine(recipe.Run.Folder, "looks.jsonl");

    /// <summary>
    /// What the budget is tightened by: the width that the certificate would have on as many costs as there are held-out prompts, if they were like the recent
    /// ones of training.
    /// </summary>
    /// <exception cref="InvalidInputException">There are no held-out prompts.</exception>
    public Func<IReadOnlyCollection<double>, double>? Margin()
    {
        if (!certify.Tighten) return null;
        int rows = (int)PreferenceDataset.Open(certify.Folder).CountRows(certify.Split);
        if (rows == 0) throw new InvalidInputException($"{certify.Folder}: has no rows in split {certify.Split ?? "all"} to certify on.");
        CostRange range = options.Range!.Value;
        return recent =>
        {
            double[] costs = [.. recent.Select(cost => Math.Clamp(cost, range.Low, range.High))];
            double[] like = [.. Enumerable.Range(0, rows).Select(i => costs[i % costs.Length])];
            MeanCertificate certificate = MeanCertificate.Shuffled(like, range, options.Delta / options.Looks, options.Budget!.Value, options.ShuffleSeed);
            return Math.Max(0, certificate.Betting - certificate.Mean);
        };
    }

    /// <summary>Certifies the candidate and releases it where the certificate holds.</summary>
    /// <param name="show">Told the certificate when it is made.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Whether the policy is released, and the look that decided; null where it was released before.</returns>
    /// <exception cref="InvalidInputException">The prompts were looked at too often already, or something cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; run the same command again.</exception>
    public (bool Released, CertifiedLook? Look) Release(Action<PolicyCertificate> show, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Result)) return (true, null);
        List<CertifiedLook> looks = [];
        using AppendOnlyJournal journal = AppendOnlyJournal.Open<CertifiedLook>(Journal, looks.Add);
        CertifiedLook look = new(PrintOf(SplitFiles()), PrintOf([.. Directory.EnumerateFiles(Candidate).Order(StringComparer.Ordinal)]), options.Looks,
            options.Delta, options.ShuffleSeed, options.Budget!.Value, DateTimeOffset.UtcNow);
        CertifiedLook[] before = [.. looks.Where(one => one.Split == look.Split)];
        CertifiedLook[] same = [.. before.Where(one => one.Candidate == look.Candidate)];
        if (same.LastOrDefault(one => one.Holds is not null) is { } known) return (known.Holds!.Value && Put(), known);
        if (same.Length == 0) Check(before, look, journal);
        PolicyCertificate certificate = PolicyCertificate.Of(Costs(cancellationToken), options);
        show(certificate);
        look = look with { Holds = certificate.Holds, Mean = certificate.Cost!.Mean, Bound = certificate.Cost.Betting };
        journal.Append(look);
        return (certificate.Holds && Put(), look);
    }

    // a look that was begun counts, whatever came of it; δ is shared by a number of looks that is chosen before the first
    private void Check(CertifiedLook[] before, CertifiedLook look, AppendOnlyJournal journal)
    {
        if (before.FirstOrDefault(one => one.Looks != look.Looks || one.Delta != look.Delta) is { } other)
            throw new InvalidInputException($"{Journal}: these prompts were looked at with looks {other.Looks} and delta {other.Delta}, and now it is "
                + $"{look.Looks} and {look.Delta}; how delta is shared must not change after the first look. Take fresh prompts.");
        int used = before.Select(one => one.Candidate).Distinct().Count();
        if (used >= look.Looks)
            throw new InvalidInputException($"{Journal}: these prompts were looked at for {used} candidate{(used == 1 ? "" : "s")}, and certify.looks is "
                + $"{look.Looks}; the certificate of another would not hold what it says. Take fresh prompts, or state more looks before the first.");
        journal.Append(look);
    }

    private bool Put()
    {
        Directory.Move(Candidate, Result);
        return true;
    }

    private List<CertifiedAnswer> Costs(CancellationToken cancellationToken)
    {
        RolloutSettings training = recipe.Sampling;
        CertifyAnswers rows = new()
        {
            Data = certify.Folder,
            Split = certify.Split,
            BatchSize = Math.Max(1, training.PromptsAtOnce),
            Options = ModelArguments.LoadOptions(recipe.Model.Dtype?.ToString().ToLowerInvariant(), recipe.Model.Device),
            Categories = LabelWords.ReadCategories(certify.Categories),
            // as it was trained
            Pessimism = ModelKinds.Heads(recipe.Model.Cost) > 1 ? training.Pessimism ?? PpoModels.DefaultPessimism : null,
        };
        IReadOnlyList<CertifiedText> texts = rows.Generate(Candidate, AsSampled, cancellationToken);
        texts = rows.Score(texts, recipe.Model.Cost, cancellationToken);
        double unit = ScoreCalibration.Load(Candidate).CostDeviation;
        return [.. texts.Select(text => text.Certified with { Cost = Cost(text.Certified.Cost!.Value / unit) })];

        double Cost(double score) => training.Cost == CostForm.Violation ? GroupAdvantages.Violations([score], training.CostThreshold)[0] : score;

        // the policy is the distribution that was trained
        TextSettings AsSampled(string folder)
        {
            GenerationSettings own = GenerationDefaults.Load(folder).Tokens;
            return new()
            {
                Tokens = new GenerationSettings
                {
                    EosTokenIds = own.EosTokenIds,
                    PadTokenId = own.PadTokenId,
                    MaxNewTokens = training.MaxNewTokens,
                    Temperature = training.Temperature,
                    Seed = recipe.Seed,
                },
            };
        }
    }

    private string[] SplitFiles() =>
        [.. PreferenceDataset.Open(certify.Folder).Parts.Where(part => certify.Split is null || part.Split == certify.Split).SelectMany(part => part.Files)];

    private static string PrintOf(IReadOnlyList<string> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(file)}\n"));
            hash.AppendData(SHA256.HashData(stream));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
