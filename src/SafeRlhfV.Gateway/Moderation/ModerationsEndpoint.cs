using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary><c>POST /v1/moderations</c>: texts and images, several inputs; categories in OpenAI's names and ours, and the severity.</summary>
internal sealed class ModerationsEndpoint(IModerator moderator, Func<GuardPolicy> policy, ImageGate images, LimitSettings limits, IGuardObserver? observer,
    TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext http)
    {
        ApiKey key = ApiKey.Of(http);
        CancellationToken cancellationToken = http.RequestAborted;
        JsonObject body = await ChatRequestReader.ReadObjectAsync(http.Request, cancellationToken);
        if (body["model"] is not null) JsonText.Required(body["model"], "model");
        IReadOnlyList<ModerationRequest> requests = await InputsAsync(body["input"], cancellationToken);
        long started = clock.GetTimestamp();
        IReadOnlyList<Verdict> verdicts = await moderator.ModerateAsync(requests, cancellationToken);
        TimeSpan duration = clock.GetElapsedTime(started);
        if (verdicts.FirstOrDefault(verdict => verdict.Failure is not null) is not null)
            throw ApiException.Unchecked();

        GuardPolicy current = policy();
        JsonArray results = [];
        Task[] records = new Task[requests.Count];
        for (int i = 0; i < requests.Count; i++)
        {
            GuardDecision decision = current.Decide(verdicts[i], GuardSide.Prompt, key.ContextFor("moderations"));
            records[i] = RecordAsync(requests[i], decision, key, duration, cancellationToken);
            results.Add(ModerationJson.Result(decision.Verdict, requests[i]));
        }
        await Task.WhenAll(records);
        await JsonReply.WriteAsync(http, new JsonObject { ["id"] = $"modr-{Guid.NewGuid():n}", ["model"] = ModerationJson.Model, ["results"] = results });
    }

    private async Task RecordAsync(ModerationRequest request, GuardDecision decision, ApiKey key, TimeSpan duration, CancellationToken cancellationToken)
    {
        if (observer is null) return;
        GuardReport report = new()
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()).ToString("n"),
            Received = clock.GetUtcNow() - duration,
            Context = key.ContextFor("moderations"),
            Prompt = request,
            PolicyVersion = decision.PolicyVersion,
            PromptDecision = decision,
            Outcome = decision.Passes ? GuardOutcome.Passed : GuardOutcome.PromptRefused,
            Duration = duration,
            ModerationTime = duration,
        };
        try
        {
            await observer.EndedAsync(report, cancellationToken);
        }
        catch (Exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw ApiException.Unrecorded();
        }
    }

    // A text, a list of texts (a result each), or a list of parts (one input).
    private async Task<IReadOnlyList<ModerationRequest>> InputsAsync(JsonNode? input, CancellationToken cancellationToken)
    {
        if (input is JsonValue single && single.TryGetValue(out string? alone)) return [new(alone)];
        if (input is not JsonArray { Count: > 0 } list) throw ApiException.Invalid("input must be a text, a list of texts or a list of parts.", "input");
        if (list.Count > limits.Inputs) throw ApiException.Invalid($"There are {list.Count} inputs; {limits.Inputs} are allowed (limits.inputs).", "input");
        if (list.All(item => item is JsonValue value && value.TryGetValue(out string? _)))
            return [.. list.Select(item => new ModerationRequest(item!.GetValue<string>()))];

        List<string> texts = [];
        List<ModerationImage> pictures = [];
        PixelBudget pixels = new(limits.RequestPixels);
        int count = 0;
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i] is not JsonObject part) throw ApiException.Invalid("input must hold either texts or parts.", $"input[{i}]");
            switch (JsonText.Required(part["type"], $"input[{i}].type"))
            {
                case "text": texts.Add(JsonText.Required(part["text"], $"input[{i}].text")); break;
                case "image_url" when part["image_url"] is JsonObject image:
                    if (++count > limits.Images) throw images.TooMany($"input[{i}]");
                    string param = $"input[{i}].image_url.url";
                    OpenedImage opened = await images.OpenAsync(JsonText.Required(image["url"], param), param, pixels, cancellationToken);
                    pictures.AddRange(opened.Judged);
                    break;
                default: throw ApiException.Invalid("A part must be of type text or image_url.", $"input[{i}].type");
            }
        }
        return [new(pictures, string.Join('\n', texts))];
    }
}
