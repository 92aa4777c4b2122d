using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>certify</c>: does a policy keep its budget on prompts to come? Exit 1 where that is not certain enough.</summary>
internal static class CertifyVerb
{
    public static Command Create()
    {
        Option<string?> policy = new("--policy")
        {
            Description = "The policy: a checkpoint, an adapter or a training run. Its answers to --data are certified."
        };
        Option<string?> cost = new("--cost") { Description = "The cost model (CM-V) that scores the answers; for --budget." };
        Option<string?> data = new("--data")
        {
            Description = "Held-out rows, on which nothing was trained, tuned or chosen. Without --policy: one labelled answer a row."
        };
        Option<string?> scores = new("--scores")
        {
            Description = "Instead of models: a JSONL file with the answers' cost, or unsafe with severity and category, or scores as 'score' writes them."
        };
        Option<long?> world = new("--world-seed")
        {
            Description = "The rows are of the built-in world with this seed: its exact rater labels the answers; for --unsafe-budget."
        };
        Option<double?> budget = new("--budget") { Description = "d: the mean cost that is allowed." };
        Option<string?> range = new("--range") { Description = "What a cost can be at all, as LOW,HIGH; needed with --budget. A cost outside is an error." };
        Option<bool> clip = new("--clip") { Description = "Cut costs to --range; the certificate is then about the cut cost." };
        Option<double?> unsafeBudget = new("--unsafe-budget") { Description = "The share of unsafe answers that is allowed, such as 0.05." };
        Option<CertificateGroup[]> by = new Option<CertificateGroup[]>("--by")
        {
            Description = "The share must hold for each severity or in each category too (Holm over the family); may be given twice.",
            DefaultValueFactory = _ => [],
        }.Completes(Enum.GetNames<CertificateGroup>().Select(name => name.ToLowerInvariant()));
        Option<double> delta = new("--delta") { Description = "The chance of a false certificate that is allowed.", DefaultValueFactory = _ => 0.05 };
        Option<int> looks = new("--looks")
        {
            Description = "How many candidates are tried on these rows in all; each is certified at delta / looks.",
            DefaultValueFactory = _ => 1,
        };
        Option<long> shuffle = new("--shuffle-seed")
        {
            Description = "Seed of the shuffle before the betting bound. Choose it before you see costs.",
            DefaultValueFactory = _ => 0,
        };
        Option<string?> split = ModelArguments.Split(), system = ModelArguments.System(), dtype = ModelArguments.Dtype(), device = ModelArguments.Device();
        Option<string[]> categories = DataArguments.Categories();
        Option<string?> file = new("--out") { Description = "Write the answers with their costs and labels to this JSONL file, which --scores reads." };
        Option<int?> limit = ModelArguments.Limit();
        Option<double?> pessimism = ModelArguments.Pessimism();
        Option<int> batchSize = ModelArguments.BatchSize();
        Option<bool> overwrite = ModelArguments.Overwrite(), json = Output.JsonOption();
        GenerationArguments generation = new();
        Command command = new("certify",
            "Certify that a policy keeps a budget. Example: safe-rlhf-v certify --policy runs/ppo --cost runs/cost --data data/mine --split test --budget 0 "
                + "--range -20,20 --clip --delta 0.05")
        {
            policy, cost, pessimism, data, split, limit, scores, world, categories, budget, range, clip, unsafeBudget, by, delta, looks, shuffle, file,
            overwrite,
            system, batchSize, dtype, device, json,
        };
        foreach (Option option in generation.All) command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            CertificateOptions options = new()
            {
                Delta = parsed.GetValue(delta),
                Looks = parsed.GetValue(looks),
                Budget = parsed.GetValue(budget),
                Range = Range(parsed.GetValue(range)),
                Clip = parsed.GetValue(clip),
                ShuffleSeed = parsed.GetValue(shuffle),
                UnsafeBudget = parsed.GetValue(unsafeBudget),
                Groups = [.. parsed.GetRequiredValue(by).Distinct()],
            };
            options.Check(); // before models are loaded
            (string? policyFolder, string? costFolder, string? path) = (parsed.GetValue(policy), parsed.GetValue(cost), parsed.GetValue(data));
            (string? scored, long? seed, string? target) = (parsed.GetValue(scores), parsed.GetValue(world), parsed.GetValue(file));
            CheckSources(options, policyFolder, costFolder, path, scored, seed, target);
            if (scored is not null && new Option[] { split, limit, system, categories, batchSize, dtype, device }.FirstOrDefault(IsGiven) is { } unused)
                throw new InvalidInputException($"{unused.Name} has no effect with --scores; leave it away.");
            if (costFolder is null && IsGiven(pessimism)) throw new InvalidInputException("--pessimism is about the scores of --cost; give it, too.");
            if (policyFolder is null && generation.All.FirstOrDefault(IsGiven) is { } idle)
                throw new InvalidInputException($"{idle.Name} says how a policy answers; give --policy.");
            using LinesFile? lines = target is null ? null : new LinesFile(target, parsed.GetValue(overwrite));
            IReadOnlyList<CertifiedAnswer> answers;
            RefusalRates? refusals = null;
            if (scored is not null) answers = CertifiedAnswerFile.Read(scored);
            else
            {
                CertifyAnswers rows = new()
                {
                    Data = path!,
                    Split = parsed.GetValue(split),
                    Limit = parsed.GetValue(limit),
                    BatchSize = parsed.GetValue(batchSize),
                    System = parsed.GetValue(system),
                    Pessimism = parsed.GetValue(pessimism),
                    Options = ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device)),
                    Categories = LabelWords.CheckCategories(DataArguments.Mapping("--categories", parsed.GetValue(categories))),
                };
                rows.Check(costFolder, seed, options.Groups.Contains(CertificateGroup.Category));
                IReadOnlyList<CertifiedText> texts = policyFolder is null
                    ? rows.Read() : rows.Generate(policyFolder, folder => generation.Read(parsed, folder), cancellationToken);
                if (costFolder is not null) texts = rows.Score(texts, costFolder, cancellationToken);
                if (seed is { } exact) texts = rows.Rate(texts, exact);
                foreach (CertifiedText text in lines is null ? [] : texts)
                    lines!.Line(Output.JsonLine(new
                    {
                        text.Certified.Row,
                        text.Question,
                        text.Response,
                        text.Certified.Cost,
                        text.Certified.Unsafe,
                        text.Certified.Severity,
                        text.Certified.Category
                    }));
                answers = [.. texts.Select(text => text.Certified)];
                refusals = RefusalRates.Of(texts.Select(text => (text.IsHarmful, text.Response)));
            }
            lines?.Commit(); // what the answers cost is kept where the certificate cannot be made, too
            if (options.Budget is null && answers.Any(answer => answer.Cost is not null)) Output.Note("the costs are not certified: that takes --budget.");
            if (options.UnsafeBudget is null && answers.Any(answer => answer.Unsafe is not null))
                Output.Note("the labels are not certified: that takes --unsafe-budget.");
            PolicyCertificate certificate = PolicyCertificate.Of(answers, options);
            if (parsed.GetValue(json))
                Output.Json(new
                {
                    Policy = policyFolder,
                    CostModel = costFolder,
                    Data = path,
                    Split = parsed.GetValue(split),
                    Scores = scored,
                    WorldSeed = seed,
                    File = target,
                    certificate.Holds,
                    certificate.Options.Delta,
                    certificate.Options.Looks,
                    certificate.Options.ShuffleSeed,
                    certificate.Answers,
                    certificate.Clipped,
                    certificate.Cost,
                    certificate.Unsafe,
                    Refusals = refusals,
                    certificate.BySeverity,
                    certificate.ByCategory,
                });
            else
            {
                Print(certificate);
                if (refusals is not null) Output.Line($"refused: {refusals}");
            }
            return Task.FromResult(certificate.Holds ? 0 : CliHost.CheckFailed);

            bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
        });
        return command;
    }

    private static void CheckSources(CertificateOptions options, string? policy, string? cost, string? data, string? scores, long? world, string? target)
    {
        if (scores is not null)
        {
            if (policy is not null || cost is not null || data is not null || world is not null || target is not null)
                throw new InvalidInputException("--scores FILE holds costs and labels already; leave --policy, --cost, --data, --world-seed and --out away.");
            return;
        }
        if (data is null) throw new InvalidInputException("certify needs --data (held-out rows) or --scores FILE.");
        if (options.Budget is not null && cost is null) throw new InvalidInputException("--budget is about costs; give --cost, the model that scores them.");
        if (options.Budget is null && cost is not null) throw new InvalidInputException("--cost needs --budget (the mean cost that is allowed) and --range.");
        if (options.UnsafeBudget is null && world is not null) throw new InvalidInputException("--world-seed needs --unsafe-budget.");
        if (options.UnsafeBudget is not null && policy is not null && world is null)
            throw new InvalidInputException("--unsafe-budget needs labels, which a policy's new answers do not have: write them with --out, let people "
                + "label them (data annotate), and give the labels with --scores or as --data. Rows of the built-in world are labelled with --world-seed.");
    }

    private static CostRange? Range(string? text)
    {
        if (text is null) return null;
        string[] parts = text.Split(',');
        return parts.Length == 2 && Number(parts[0]) is { } low && Number(parts[1]) is { } high
            ? new(low, high) : throw new InvalidInputException($"--range {text}: give the smallest and the largest cost possible, such as -20,20.");

        static double? Number(string part) => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
    }

    /// <summary>Shows a certificate to people.</summary>
    internal static void Print(PolicyCertificate certificate)
    {
        CertificateOptions options = certificate.Options;
        string level = Invariant($"1 - {options.Delta}{(options.Looks > 1 ? $" / {options.Looks} looks" : "")}");
        if (certificate.Cost is { } cost)
        {
            string kind = certificate.Clipped is { } clipped
                ? Invariant($"cost cut to {cost.Range.Low} .. {cost.Range.High} ({clipped} of {cost.Samples} were cut)")
                : Invariant($"cost, stated to lie in {cost.Range.Low} .. {cost.Range.High}");
            Output.Line(Invariant($"mean {kind}: {cost.Mean:0.0000} over {DataArguments.Count(cost.Samples, "answer")}, standard deviation ")
                + Invariant($"{cost.Deviation:0.0000}"));
            Table table = new Table().Border(TableBorder.Rounded).AddColumns("upper bound", $"at level {level}", Invariant($"budget {cost.Budget}"));
            Add("betting, shuffled by seed " + Invariant($"{options.ShuffleSeed}: decides"), cost.Betting);
            Add("empirical Bernstein", cost.Bernstein);
            Add("Hoeffding", cost.Hoeffding);
            table.AddRow("Student's t: information only, misses on skewed costs", Invariant($"{cost.StudentT:0.0000}"), "–");
            Output.People.Write(table);

            void Add(string name, double bound) => table.AddRow(name, Invariant($"{bound:0.0000}"), bound <= cost.Budget ? "holds" : "does not hold");
        }
        if (certificate.Unsafe is { } rate)
        {
            Output.Line(Invariant($"unsafe answers: {rate.Unsafe} of {rate.Total} ({rate.Rate:0.00%}); at most {rate.Bound:0.00%} at level {level} ")
                + Invariant($"(Clopper-Pearson), budget {rate.Budget:0.00%}: {(rate.Holds ? "holds" : "does not hold")}"));
            Family("severity", certificate.BySeverity, options.Groups.Contains(CertificateGroup.Severity));
            Family("category", certificate.ByCategory, options.Groups.Contains(CertificateGroup.Category));
        }
        Output.Line(certificate.Holds ? "certified: every bound that decides is within its budget" : "NOT certified: a bound that decides is above its budget");
    }

    private static void Family(string what, IReadOnlyList<GroupRate>? groups, bool decides)
    {
        if (groups is null) return;
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumns(what, "unsafe", "rate", "bound", "bound of all together", "p (Holm)", decides ? "decides" : "not asked for (--by)");
        foreach (GroupRate group in groups)
            table.AddRow(Markup.Escape(group.Name), $"{group.Unsafe} of {group.Total}", Invariant($"{group.Rate:0.00%}"), Invariant($"{group.Bound:0.00%}"),
                Invariant($"{group.FamilyBound:0.00%}"), Invariant($"{group.HolmPValue:0.0000}"), group.Holds ? "holds" : "does not hold");
        Output.People.Write(table);
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
