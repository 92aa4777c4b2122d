using System.CommandLine;
using Microsoft.Extensions.AI;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>The options that say who scores answers.</summary>
internal sealed class ScorerArguments : IDisposable
{
    private const string JudgePrefix = "judge:", PhrasesPrefix = "phrases:", OnAnswers = "guard", OnPrompts = "guard-prompts";

    private readonly Option<string[]> scorer = new Option<string[]>("--scorer")
    {
        Description = "judge:RUBRIC, guard, guard-prompts, phrases:LIST@VERSION, exact:yes-no or exact:option; those that fit the benchmark where left out.",
        AllowMultipleArgumentsPerToken = true
    }.Completes([.. Rubric.Names.Select(name => $"{JudgePrefix}{name}"), OnAnswers, OnPrompts]);
    private readonly Option<string?> judge = new("--judge") { Description = "A judge: a checkpoint's folder; with --endpoint, the model's name there." };
    private readonly Option<string?> endpoint = new("--endpoint") { Description = "The address of the judge's OpenAI-compatible service." };
    private readonly Option<string?> key = new("--key-env") { Description = "The environment variable with the key of --endpoint." };
    private readonly Option<string?> rubric = new("--rubric") { Description = "A rubric of one's own, in the place of the judge's usual one." };
    private readonly Option<int> votes = new("--votes")
    {
        Description = "Ask the judge this often; the majority of what can be read counts.",
        DefaultValueFactory = _ => 1
    };
    private readonly Option<string?> guard = new("--guard") { Description = "A guard: its folder, or the address of a service whose --guard-model judges." };
    private readonly Option<string?> guardModel = new("--guard-model") { Description = "The model of a --guard that is a service." };
    private readonly Option<string?> guardKey =
        new("--guard-key-env") { Description = "The environment variable with the key of a --guard that is a service." };
    private readonly Option<string?> baseline =
        new("--baseline") { Description = "The result's folder of another model, for scorers that compare two answers." };
    private readonly Option<string[]> harness = new Option<string[]>("--as")
    {
        Description = $"Also print the figures that {string.Join(" or ", HarnessFigures.Names)} would compute from the same answers.",
        AllowMultipleArgumentsPerToken = true
    }.Completes(HarnessFigures.Names);
    private readonly Option<int> concurrency = new("--concurrency") { Description = "Questions to the judge at the same time.", DefaultValueFactory = _ => 8 };

    private IChatClient? client;
    private IModerator? moderator;
    private RetryHandler? handler;
    private HttpClient? http;

    public IEnumerable<Option> All => [scorer, judge, endpoint, key, rubric, votes, guard, guardModel, guardKey, baseline, harness, concurrency];

    /// <summary>The harnesses to compare with.</summary>
    /// <exception cref="InvalidInputException">One is not known.</exception>
    public IReadOnlyList<string> Harnesses(ParseResult parsed)
    {
        string[] named = parsed.GetValue(harness) ?? [];
        return named.FirstOrDefault(name => !HarnessFigures.Names.Contains(name)) is { } unknown
            ? throw new InvalidInputException($"--as {unknown}: no such harness; there are {string.Join(" and ", HarnessFigures.Names)}.") : named;
    }

    /// <summary>The answers of the model to compare with; null where none is named or it did not answer the benchmark.</summary>
    /// <exception cref="InvalidInputException">The folder holds none, or those of several models or settings, or is the result's own.</exception>
    public AnswerSet? Baseline(ParseResult parsed, Suite suite)
    {
        if (parsed.GetValue(baseline) is not { } folder) return null;
        string place = Path.Combine(folder, suite.Benchmark.Name);
        return Path.GetFullPath(place) != Path.GetFullPath(suite.Folder) ? AnswerFiles.Read(place)
            : throw new InvalidInputException($"--baseline {folder}: is the result itself; name another model's.");
    }

    /// <summary>Checks all inputs of scoring before a model is loaded or a question is asked: an answer costs more than a look at a file.</summary>
    /// <exception cref="InvalidInputException">An option is wrong, what it names is not there, or a benchmark has no scorer that fits its items.</exception>
    public void Check(ParseResult parsed, IReadOnlyList<Suite> suites)
    {
        foreach ((Option<int> option, int least) in ((Option<int>, int)[])[(votes, 1), (concurrency, 1)])
            if (parsed.GetValue(option) < least) throw new InvalidInputException($"{option.Name} {parsed.GetValue(option)}: give {least} or more.");
        foreach (Option<string?> option in (Option<string?>[])[endpoint, key, rubric])
            if (parsed.GetValue(option) is not null && parsed.GetValue(judge) is null) throw new InvalidInputException($"{option.Name} goes with --judge.");
        if (parsed.GetValue(endpoint) is { } address) ChatChoice.Address("--endpoint", address);
        ChatChoice.Key(parsed.GetValue(key));
        if (parsed.GetValue(rubric) is { } file) Rubric.Open(file);
        if (parsed.GetValue(guard) is { } place && IsAddress(place) && parsed.GetValue(guardModel) is null)
            throw new InvalidInputException("--guard with an address needs --guard-model NAME.");
        if (parsed.GetValue(guardKey) is { } secret) ChatChoice.Key(secret);
        Harnesses(parsed);
        List<(Suite Suite, IReadOnlyList<string> Names)> scored = [];
        foreach (Suite suite in suites)
        {
            (IReadOnlyList<string> names, IReadOnlyList<string> left) = Wanted(parsed, suite.Benchmark);
            if (names.Count == 0)
                throw new InvalidInputException($"{suite.Benchmark.Name} is scored by {string.Join(", ", suite.Benchmark.Scorers)}; give "
                    + $"{string.Join(" or ", left.SelectMany(name => Lacking(parsed, name)).Distinct())}.");
            scored.Add((suite, names));
        }
        string[] all = [.. scored.SelectMany(one => one.Names).Distinct()];
        if (all.Any(IsGuard) && !IsAddress(parsed.GetValue(guard)!)) LocalCheckpoint.CheckGuard(parsed.GetValue(guard)!);
        if (all.Any(IsJudge) && parsed.GetValue(endpoint) is null) LocalCheckpoint.CheckChat(parsed.GetValue(judge)!);
        foreach (string name in all.Where(IsJudge)) JudgeScorer.CheckRubric(name[JudgePrefix.Length..]);
        foreach ((Suite suite, IReadOnlyList<string> names) in scored)
        {
            Baseline(parsed, suite);
            AnswerScorer[] free = [.. names.Where(name => !IsGuard(name) && !IsJudge(name)).Select(name => Open(parsed, name))];
            if (free.Length == names.Count && !suite.Read(suite.Open(withoutImages: true)).Any(item => free.Any(scorer => scorer.Takes(item))))
                throw NothingFits(suite.Benchmark, names);
        }
    }

    /// <summary>The error of scorers that say nothing of any item.</summary>
    public static InvalidInputException NothingFits(IBenchmark benchmark, IEnumerable<string> scorers) =>
        new($"{benchmark.Name}: {string.Join(", ", scorers)} fits none of its items (an exact scorer needs the right answers); "
            + $"its scorers are {string.Join(", ", benchmark.Scorers)}.");

    /// <summary>The scorers of a benchmark. Models are loaded with the first benchmark that needs them.</summary>
    /// <exception cref="InvalidInputException">One cannot be opened.</exception>
    public IReadOnlyList<AnswerScorer> Open(ParseResult parsed, IBenchmark benchmark)
    {
        (IReadOnlyList<string> names, IReadOnlyList<string> left) = Wanted(parsed, benchmark);
        if (left.Count > 0) Output.Note($"{benchmark.Name}: {string.Join(", ", left)} left out; {Missing(parsed, left)}");
        List<AnswerScorer> opened = [];
        foreach (string name in names)
        {
            AnswerScorer made = Open(parsed, name);
            GuardSide side = name == OnPrompts ? GuardSide.Prompt : GuardSide.Answer;
            if (!IsGuard(name) || moderator!.Judges(side)) opened.Add(made);
            else
            {
                string why = $"the guard judges no {(side == GuardSide.Prompt ? "prompts" : "answers")}";
                if (names.Count == 1 || parsed.GetValue(scorer) is { Length: > 0 }) throw new InvalidInputException($"--scorer {name}: {why}.");
                Output.Note($"{benchmark.Name}: {name} left out; {why}.");
            }
        }
        return opened;
    }

    public void Dispose()
    {
        client?.Dispose();
        (moderator as IDisposable)?.Dispose();
        http?.Dispose();
    }

    private AnswerScorer Open(ParseResult parsed, string name)
    {
        if (name is "exact:yes-no" or "exact:option") return new ExactScorer(name == "exact:yes-no" ? ReplyForm.YesNo : ReplyForm.Option);
        if (name.StartsWith(PhrasesPrefix, StringComparison.Ordinal)) return new PhraseScorer(RefusalPhrases.Open(name[PhrasesPrefix.Length..]));
        if (IsGuard(name))
        {
            string place = parsed.GetValue(guard)!;
            moderator ??= OpenGuard(parsed, place);
            string identity = IsAddress(place) ? $"{parsed.GetValue(guardModel)} at {place.TrimEnd('/')}"
                : $"{Path.GetFullPath(place)} of {ModelArguments.FilesOf(ResultFolder.Find(place))}";
            Action<IReadOnlyCollection<Verdict>>? check = handler is null ? null : verdicts => GuardChoice.MustHaveJudged(handler, verdicts);
            return name == OnPrompts ? new GuardPromptScorer(moderator, identity, check) : new GuardScorer(moderator, identity, check);
        }
        string model = parsed.GetValue(judge)!;
        client ??= parsed.GetValue(endpoint) is { } address
            ? ChatChoice.Client(ChatChoice.Address("--endpoint", address), model, ChatChoice.Key(parsed.GetValue(key))) : LocalChatClient.Load(model);
        return new JudgeScorer(client, EvalJudgeVerb.IdentityOf(model, parsed.GetValue(endpoint)), name[JudgePrefix.Length..], parsed.GetValue(votes),
            parsed.GetValue(concurrency));
    }

    private IModerator OpenGuard(ParseResult parsed, string place)
    {
        bool isService = IsAddress(place);
        if (!isService && !Directory.Exists(place))
            throw new InvalidInputException($"--guard {place}: is neither a guard's folder nor the address of a service.");
        handler = isService ? ServiceClients.Handler() : null;
        http = handler is null ? new HttpClient() : ServiceClients.Http(handler);
        return GuardChoice.Open(ModeratorKinds.All.Find(isService ? "judge" : "local")!, place, parsed.GetValue(guardModel), parsed.GetValue(guardKey),
            null, http);
    }

    // what fits the benchmark, or was named, and what of it lacks its model
    private (IReadOnlyList<string> Names, IReadOnlyList<string> Left) Wanted(ParseResult parsed, IBenchmark benchmark)
    {
        string[] named = parsed.GetValue(scorer) ?? [];
        List<string> names = [], left = [];
        foreach (string one in named.Length > 0 ? named : [.. benchmark.Scorers])
        {
            string name = one;
            if (IsJudge(name) && !IsPair(name) && parsed.GetValue(rubric) is { } file) name = $"{JudgePrefix}{file}";
            bool isKnown = name is "exact:yes-no" or "exact:option" || IsGuard(name) || IsJudge(name)
                || name.StartsWith(PhrasesPrefix, StringComparison.Ordinal);
            if (!isKnown)
                throw new InvalidInputException($"--scorer {name}: give judge:RUBRIC, guard, guard-prompts, phrases:LIST, exact:yes-no or exact:option.");
            bool lacks = Lacking(parsed, name).Any();
            if (lacks && named.Length > 0) throw new InvalidInputException($"--scorer {name} {Missing(parsed, [name])}");
            if (!(lacks ? left : names).Contains(name)) (lacks ? left : names).Add(name);
        }
        return (names, left);
    }

    private string Missing(ParseResult parsed, IReadOnlyList<string> left)
    {
        string[] options = [.. left.SelectMany(name => Lacking(parsed, name)).Distinct()];
        return left.Count == 1 ? $"needs {string.Join(" and ", options)}." : $"they need {string.Join(", ", options)}.";
    }

    // the options that a scorer needs and that are not given
    private IEnumerable<string> Lacking(ParseResult parsed, string name)
    {
        if (IsGuard(name) && parsed.GetValue(guard) is null) yield return guard.Name;
        if (IsJudge(name) && parsed.GetValue(judge) is null) yield return judge.Name;
        if (IsJudge(name) && IsPair(name) && parsed.GetValue(baseline) is null) yield return baseline.Name;
    }

    private static bool IsGuard(string name) => name is OnAnswers or OnPrompts;

    private static bool IsJudge(string name) => name.StartsWith(JudgePrefix, StringComparison.Ordinal);

    private static bool IsPair(string name) => name.EndsWith("-pair", StringComparison.Ordinal);

    private static bool IsAddress(string text) => text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal);
}
