using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>The options that say who judges: a guard on this machine, a moderations service, or a chat model.</summary>
internal sealed class GuardChoice : IDisposable
{
    private readonly HttpClient http = new();
    private readonly Option<string?> guard = new("--guard") { Description = "A guard's folder, as 'train guard' writes it." };
    private readonly Option<string?> moderations = new("--moderations") { Description = "Instead: the address of a service with /moderations, such as a gateway's http://127.0.0.1:8080/v1." };
    private readonly Option<string?> judge = new("--judge") { Description = "Instead: the address of a chat service whose model, --judge-model, judges." };
    private readonly Option<string?> model = new("--judge-model") { Description = "The model of --judge or --moderations." };
    private readonly Option<string?> key = new("--judge-key-env") { Description = "The environment variable with the key of --judge or --moderations." };
    private readonly Option<string?> dtype = ModelArguments.Dtype();

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
        return new ChatModerator(ChatChoice.Client(ChatChoice.Address("--judge", parsed.GetValue(judge)!), name, ChatChoice.Key(parsed.GetValue(key))));
    }

    public void Dispose() => http.Dispose();
}
