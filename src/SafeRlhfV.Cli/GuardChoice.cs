using System.CommandLine;
using SafeRlhfV.Annotation;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;

namespace SafeRlhfV.Cli;

/// <summary>The options that say who judges: one for each kind of moderator that has an option.</summary>
internal sealed class GuardChoice : IDisposable
{
    private readonly RetryHandler handler;
    private readonly HttpClient http;
    private readonly (ModeratorKind Kind, Option<string?> Option)[] kinds =
    [
        .. ModeratorKinds.All.Where(kind => kind.Option is not null).OrderBy(kind => kind.Option!.IsService)
            .Select(kind => (kind, new Option<string?>(kind.Option!.Name) { Description = kind.Option.Description })),
    ];
    private readonly Option<string?> model = new("--judge-model") { Description = "The model of --judge or --moderations." };
    private readonly Option<string?> key = new("--judge-key-env") { Description = "The environment variable with the key of --judge or --moderations." };
    private readonly Option<string?> dtype = ModelArguments.Dtype();

    public GuardChoice()
    {
        handler = ServiceClients.Handler();
        http = ServiceClients.Http(handler);
    }

    public IEnumerable<Option> All => [.. kinds.Select(one => one.Option), model, key, dtype];

    /// <summary>The guard's folder; null where another judges.</summary>
    public string? Folder(ParseResult parsed) => parsed.GetValue(kinds.First(one => one.Kind.Name == "local").Option);

    /// <summary>The moderator; dispose it where it can be.</summary>
    /// <exception cref="InvalidInputException">None or several are named, or it cannot be opened.</exception>
    public IModerator Open(ParseResult parsed)
    {
        (ModeratorKind Kind, Option<string?> Option)[] named = [.. kinds.Where(one => parsed.GetValue(one.Option) is not null)];
        if (named is not [(ModeratorKind kind, Option<string?> option)]) throw new InvalidInputException($"name one guard: {Names}.");
        if (kind.Option!.NeedsModel && parsed.GetValue(model) is null) throw new InvalidInputException($"{kind.Option.Name} needs --judge-model NAME.");
        return Open(kind, parsed.GetValue(option)!, parsed.GetValue(model), parsed.GetValue(key), parsed.GetValue(dtype), http);
    }

    /// <summary>A moderator of a kind that has an option.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="value">The option's value.</param>
    /// <param name="model">A service's model.</param>
    /// <param name="key">The environment variable with a service's key.</param>
    /// <param name="dtype">What a checkpoint computes in.</param>
    /// <param name="http">Sends requests to a service.</param>
    /// <exception cref="InvalidInputException">It cannot be opened.</exception>
    public static IModerator Open(ModeratorKind kind, string value, string? model, string? key, string? dtype, HttpClient http)
    {
        List<YamlSet> sets = [Set(kind.Option!.Key, value)];
        if (kind.Option.IsService)
        {
            ChatChoice.Address(kind.Option.Name, value);
            ChatChoice.Key(key);
            if (model is not null) sets.Add(Set("model", model));
            if (key is not null) sets.Add(Set("key_env", key));
        }
        else if (dtype is not null) sets.Add(Set("dtype", dtype));
        ModeratorSettings settings = YamlSection.Read("{}", kind.Option.Name, section => kind.Read(section, ""), sets, lines: false);
        return settings.Open(new ModeratorParts(http, (endpoint, name, secret) => ServiceChat.Open(endpoint, name, secret, http))
        {
            OpenCheckpoint = folder => LocalChatClient.Load(folder),
        });

        YamlSet Set(string key, string set) => new($"{key}='{set.Replace("'", "''", StringComparison.Ordinal)}'", kind.Option!.Name);
    }

    private string Names
    {
        get
        {
            string[] all = [.. kinds.Select(one => $"{one.Kind.Option!.Name} {one.Kind.Option.Value}")];
            return $"{string.Join(", ", all[..^1])}, or {all[^1]}";
        }
    }

    /// <summary>Refuses verdicts that are none: "unsafe" for want of a judge says nothing about what was to be judged.</summary>
    /// <exception cref="ServiceException">The service stopped answering, or nothing at all could be judged.</exception>
    public void MustHaveJudged(IReadOnlyCollection<Verdict> verdicts) => MustHaveJudged(handler, verdicts);

    /// <summary>As above, for a service's handler of one's own.</summary>
    /// <exception cref="ServiceException">The service stopped answering, or nothing at all could be judged.</exception>
    public static void MustHaveJudged(RetryHandler handler, IReadOnlyCollection<Verdict> verdicts)
    {
        if (handler.Stopped is { } stopped) throw new ServiceException(stopped.Message, stopped);
        if (verdicts.Count > 0 && verdicts.All(verdict => verdict.Failure is not null))
            throw new ServiceException($"{verdicts.First().Moderator} judged nothing: "
                + $"{(verdicts.Count > 1 ? $"all {verdicts.Count} verdicts failed, the first with " : "")}{verdicts.First().Failure}");
    }

    public void Dispose() => http.Dispose();
}
