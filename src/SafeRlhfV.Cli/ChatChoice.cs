using System.CommandLine;
using Microsoft.Extensions.AI;
using SafeRlhfV.Annotation;
using SafeRlhfV.Inference;

namespace SafeRlhfV.Cli;

/// <summary>The options that say who answers: a checkpoint on this machine, or a model of an OpenAI-compatible service.</summary>
internal sealed class ChatChoice
{
    private readonly Option<string> model = new("--model")
    {
        Description = "A checkpoint's or an adapter's folder; with --endpoint, the model's name there.",
        Required = true
    };
    private readonly Option<string?> endpoint =
        new("--endpoint") { Description = "The address of an OpenAI-compatible service, such as http://127.0.0.1:8000/v1." };
    private readonly Option<string?> key = new("--key-env") { Description = "The environment variable with the key of --endpoint." };
    private readonly Option<int?> maxNewTokens = new("--max-new-tokens") { Description = "Maximum number of new tokens." };
    private readonly Option<double?> temperature = new("--temperature") { Description = "0 takes the best token always; above 0 draws." };
    private readonly Option<long?> seed = new("--seed") { Description = "The same seed draws the same answers." };

    public IEnumerable<Option> All => [model, endpoint, key, maxNewTokens, temperature, seed];

    /// <summary>The model that answers; dispose it.</summary>
    /// <exception cref="InvalidInputException">It cannot be opened.</exception>
    public IChatClient Open(ParseResult parsed) => parsed.GetValue(endpoint) is { } address
        ? Client(Address("--endpoint", address), parsed.GetRequiredValue(model), Key(parsed.GetValue(key)))
        : LocalChatClient.Load(parsed.GetRequiredValue(model));

    /// <summary>How an answer is drawn. Each row and round has a seed of its own, so that asking again gives another answer.</summary>
    public ChatOptions Options(ParseResult parsed, int row, int round) => new()
    {
        MaxOutputTokens = parsed.GetValue(maxNewTokens),
        Temperature = (float?)parsed.GetValue(temperature),
        Seed = parsed.GetValue(seed) is { } own ? (long)(new RandomStream(own, $"{row}/{round}").NextUInt64() >> 1) : null,
    };

    public static IChatClient Client(Uri endpoint, string model, string? key) => ServiceChat.Open(endpoint, model, key,
        ServiceClients.Http(ServiceClients.Handler()));

    /// <summary>The address of a service.</summary>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public static Uri Address(string option, string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
        ? address
        : throw new InvalidInputException($"{option} {text}: give an address such as http://127.0.0.1:8000/v1.");

    public static string? Key(string? variable) => variable is null ? null
        : Environment.GetEnvironmentVariable(variable) is { Length: > 0 } secret
        ? secret
        : throw new InvalidInputException($"{variable}: this environment variable is not set; it should hold the service's key.");
}
