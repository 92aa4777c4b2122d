using System.CommandLine;
using SafeRlhfV.Annotation;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>The options that say who judges: a guard on this machine, a moderations service, or a chat model.</summary>
internal sealed class GuardChoice : IDisposable
{
    private readonly RetryHandler handler;
    private readonly HttpClient http;
    private readonly Option<string?> guard = new("--guard") { Description = "A guard's folder, as 'train guard' writes it." };
    private readonly Option<string?> moderations = new("--moderations") { Description = "Instead: the address of a service with /moderations, such as a gateway's http://127.0.0.1:8080/v1." };
    private readonly Option<string?> judge = new("--judge") { Description = "Instead: the address of a chat service whose model, --judge-model, judges." };
    private readonly Option<string?> model = new("--judge-model") { Description = "The model of --judge or --moderations." };
    private readonly Option<string?> key = new("--judge-key-env") { Description = "The environment variable with the key of --judge or --moderations." };
    private readonly Option<string?> dtype = ModelArguments.Dtype();

    public GuardChoice()
    {
        handler = ServiceClients.Handler();
        http = ServiceClients.Http(handler);
    }

    public IEnumerable<Option> All => [guard, moderations, judge, model, key, dtype];

    /// <summary>The guard's folder; null where another judges.</summary>
    public string? Folder(ParseResult parsed) => parsed.GetValue(guard);

    /// <summary>The moderator; dispose it where it can be.</summary>
    /// <exception cref="InvalidInputException">None or several are named, or it cannot be opened.</exception>
    public IModerator Open(ParseResult parsed)
    {
        if (new object?[] { parsed.GetValue(guard), parsed.GetValue(moderations), parsed.GetValue(judge) }.Count(one => one is not null) != 1)
            throw new InvalidInputException("name one guard: --guard FOLDER, --moderations ADDRESS, or --judge ADDRESS.");
        if (parsed.GetValue(guard) is { } folder) return LocalModerator.Load(folder, new() { Dtype = new LoadOptions().WithDtype(parsed.GetValue(dtype)).Dtype });
        if (parsed.GetValue(moderations) is { } service) return new OpenAIModerator(http, ChatChoice.Address("--moderations", service), ChatChoice.Key(parsed.GetValue(key)), parsed.GetValue(model) ?? "omni-moderation-latest");
        string name = parsed.GetValue(model) ?? throw new InvalidInputException("--judge needs --judge-model NAME.");
        return new ChatModerator(ServiceChat.Open(ChatChoice.Address("--judge", parsed.GetValue(judge)!), name, ChatChoice.Key(parsed.GetValue(key)), http));
    }

    /// <summary>Refuses verdicts that are none: "unsafe" for want of a judge says nothing about what was to be judged.</summary>
    /// <exception cref="ServiceException">The service stopped answering, or nothing at all could be judged.</exception>
    public void MustHaveJudged(IReadOnlyCollection<Verdict> verdicts)
    {
        if (handler.Stopped is { } stopped) throw new ServiceException(stopped.Message, stopped);
        if (verdicts.Count > 0 && verdicts.All(verdict => verdict.Failure is not null))
            throw new ServiceException($"{verdicts.First().Moderator} judged nothing: {(verdicts.Count > 1 ? $"all {verdicts.Count} verdicts failed, the first with " : "")}{verdicts.First().Failure}");
    }

    public void Dispose() => http.Dispose();
}
