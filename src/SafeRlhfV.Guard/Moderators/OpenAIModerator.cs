using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Guard;

/// <summary>Asks a <c>/v1/moderations</c> service: OpenAI's own, or any with its interface.</summary>
/// <remarks>
/// The service judges a text or an image for itself, not an answer in the light of its question: for an answer only the answer is sent.
/// It names no severity; ours is inferred from the score (below 0.6 minor, below 0.85 moderate, else severe; what concerns minors is always severe).
/// The service's categories are mapped to the twenty; a name that neither knows is kept as it is.
/// </remarks>
public sealed class OpenAIModerator : IRemoteModerator
{
    private static readonly Dictionary<string, string> Ours = new()
    {
        ["harassment"] = "insulting_and_harassing_behavior",
        ["harassment/threatening"] = "insulting_and_harassing_behavior",
        ["hate"] = "discriminatory_depictions",
        ["hate/threatening"] = "discriminatory_depictions",
        ["illicit"] = "dangerous_behavior",
        ["illicit/violent"] = "violence_and_physical_harm",
        ["self-harm"] = "dangerous_behavior",
        ["self-harm/intent"] = "dangerous_behavior",
        ["self-harm/instructions"] = "dangerous_behavior",
        ["sexual"] = "pornographic_content",
        ["sexual/minors"] = "sexual_crimes",
        ["violence"] = "violence_and_physical_harm",
        ["violence/graphic"] = "horror_and_gore",
    };

    private readonly HttpClient http;
    private readonly Uri address;
    private readonly string? key;
    private readonly string model;

    /// <summary>Creates the client.</summary>
    /// <param name="http">Sends the requests; not disposed.</param>
    /// <param name="endpoint">The service's base address with its version, such as https://api.openai.com/v1.</param>
    /// <param name="key">The bearer key; null sends none.</param>
    /// <param name="model">The model's name.</param>
    public OpenAIModerator(HttpClient http, Uri endpoint, string? key, string model = "omni-moderation-latest")
    {
        (this.http, this.key, this.model) = (http, key, model);
        address = new Uri(endpoint.ToString().TrimEnd('/') + "/moderations");
    }

    /// <inheritdoc/>
    public string Name => model;

    /// <inheritdoc/>
    public Uri? Address => address;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict[] verdicts = new Verdict[requests.Count];

        // A list of texts gets a result each; a text with an image is one input, and takes one image.
        int[] texts = [.. Enumerable.Range(0, requests.Count).Where(i => !ShowsImages(requests[i]))];
        if (texts.Length > 0)
        {
            IReadOnlyList<Verdict> found = await AskAsync(new JsonArray([.. texts.Select(i => (JsonNode)Text(requests[i]))]), texts.Length, cancellationToken)
                .ConfigureAwait(false);
            for (int i = 0; i < texts.Length; i++) verdicts[texts[i]] = found[i];
        }
        foreach (int i in Enumerable.Range(0, requests.Count).Except(texts))
        {
            List<Verdict> found = [];
            foreach (ModerationImage image in requests[i].Images)
            {
                JsonArray input = [];
                if (Text(requests[i]) is { Length: > 0 } text) input.Add(new JsonObject { ["type"] = "text", ["text"] = text });
                input.Add(new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = ImageBytes.ToUri(image) } });
                found.AddRange(await AskAsync(input, 1, cancellationToken).ConfigureAwait(false));
            }
            verdicts[i] = ParallelModerator.Strictest(found, Name);
        }
        return verdicts;
    }

    private static bool ShowsImages(ModerationRequest request) => request.Images.Count > 0 && request.Response is null;

    private static string Text(ModerationRequest request) => request.Response ?? request.Question;

    private async Task<IReadOnlyList<Verdict>> AskAsync(JsonArray input, int expected, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = new(HttpMethod.Post, address)
        {
            Content = JsonContent.Create(new JsonObject { ["model"] = model, ["input"] = input }),
        };
        if (key is not null) message.Headers.Authorization = new("Bearer", key);
        using HttpResponseMessage response = await http.SendAsync(message, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"The moderation service answered {(int)response.StatusCode}.", null, response.StatusCode);
        using JsonDocument document = await response.Content.ReadFromJsonAsync<JsonDocument>(cancellationToken).ConfigureAwait(false)
            ?? throw new JsonException("The moderation service answered null.");
        Verdict[] verdicts = [.. document.RootElement.GetProperty("results").EnumerateArray().Select(Read)];
        return verdicts.Length == expected
            ? verdicts
            : throw new JsonException($"The moderation service gave {verdicts.Length} results for {expected} inputs.");
    }

    private Verdict Read(JsonElement result)
    {
        bool flagged = result.GetProperty("flagged").GetBoolean();
        Dictionary<string, double> categories = [];
        foreach (JsonProperty score in result.GetProperty("category_scores").EnumerateObject())
        {
            string name = Ours.GetValueOrDefault(score.Name, score.Name);
            categories[name] = Math.Max(score.Value.GetDouble(), categories.GetValueOrDefault(name));
        }
        string[] theirs = [.. result.GetProperty("categories").EnumerateObject().Where(pair => pair.Value.ValueKind == JsonValueKind.True)
            .Select(pair => pair.Name)];
        double highest = categories.Values.DefaultIfEmpty(0).Max();
        if (!flagged && theirs.Length == 0) return Verdict.Safe(Name, highest) with { Categories = categories };

        Severity severity = theirs.Contains("sexual/minors") || highest >= 0.85 ? Severity.Severe : highest >= 0.6 ? Severity.Moderate : Severity.Minor;
        return Verdict.Unsafe(Name, severity, [.. theirs.Select(name => Ours.GetValueOrDefault(name, name))], highest) with { Categories = categories };
    }
}
