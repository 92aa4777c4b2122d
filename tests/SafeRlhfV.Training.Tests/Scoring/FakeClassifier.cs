using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training.Tests;

/// <summary>vLLM with <c>--runner pooling --convert classify</c>, around our own score model. It has no route that samples.</summary>
internal sealed class FakeClassifier(FakeScoreEngine engine, string name = "rm", string root = "model") : FakeServer(null)
{
    private static readonly string[] Fields = ["model", "messages", "input", "add_generation_prompt", "continue_final_message", "use_activation",
        "add_special_tokens", "truncate_prompt_tokens"];

    public FakeScoreEngine Scores => engine;

    /// <summary>The longest text that it reads.</summary>
    public int MostTokens { get; set; } = 1024;

    /// <summary>Whether it has /tokenize.</summary>
    public bool HasTokenize { get; set; } = true;

    public override void Release() => engine.Dispose();

    protected override async Task AnswerAsync(HttpContext http, string path, JsonObject? body)
    {
        switch (path)
        {
            case "/health": await SendAsync(http, IsDead ? 503 : 200, null); break;
            case "/v1/models": await SendAsync(http, 200, FakeVllmReplies.Models(name, root, MostTokens, [])); break;
            case "/classify" when body is not null: await ClassifyAsync(http, path, body); break;
            case "/tokenize" when HasTokenize && body is not null && body["messages"] is JsonArray messages:
                JsonObject tokens = FakeVllmReplies.Tokens(FakeEngine.Encode(engine.Processor, messages).Ids, MostTokens);
                Tamper(path, tokens);
                await SendAsync(http, 200, tokens);
                break;
            case "/v1/chat/completions" or "/v1/embeddings" or "/tokenize":
                await SendAsync(http, 404, new JsonObject { ["detail"] = "Not Found" });
                break;
            default: await UnknownAsync(http); break;
        }
    }

    private async Task ClassifyAsync(HttpContext http, string path, JsonObject body)
    {
        if (IsAsleep) await Task.Delay(Timeout.Infinite, http.RequestAborted);
        if (IsDead)
        {
            await SendAsync(http, 500, FakeVllmReplies.EngineDead());
            return;
        }
        if (!body.All(field => Fields.Contains(field.Key)) || body["input"] is null == body["messages"] is null)
        {
            await UnknownAsync(http);
            return;
        }
        string model = (string)body["model"]!;
        if (model != name)
        {
            await SendAsync(http, 404, FakeVllmReplies.Error(404, $"The model `{model}` does not exist.", "NotFoundError"));
            return;
        }
        EncodedPrompt[] texts = [.. Texts(body)];
        if (texts.Length == 0) await SendAsync(http, 400, FakeVllmReplies.Error(400, "You must pass at least one prompt", "BadRequestError"));
        else if (texts.Any(text => text.Ids.Length > MostTokens)) await SendAsync(http, 400, FakeVllmReplies.TooLong(MostTokens));
        else
        {
            bool squeezes = (bool?)body["use_activation"] ?? true;
            JsonObject reply = FakeVllmReplies.Classes(model, [.. texts.Select(text => Squeeze(engine.Score(text), squeezes))], engine.Labels,
                texts.Sum(text => text.Ids.Length));
            Tamper(path, reply);
            await SendAsync(http, 200, reply);
        }
    }

    private IEnumerable<EncodedPrompt> Texts(JsonObject body)
    {
        if (body["messages"] is JsonArray messages) return [engine.Render(messages, (bool?)body["continue_final_message"] == true)];
        int most = (int?)body["truncate_prompt_tokens"] == -1 ? MostTokens : int.MaxValue;
        JsonNode input = body["input"]!;
        return (input is JsonArray list ? list : new JsonArray(input.DeepClone())).Select(text => new EncodedPrompt([.. (text is JsonArray ids
            ? ids.Select(id => (int)id!) : engine.Processor.Tokenizer.Encode((string)text!, (bool?)body["add_special_tokens"] ?? true)).Take(most)], [], ""));
    }

    private static float[] Squeeze(float[] scores, bool squeezes)
    {
        if (!squeezes) return scores;
        if (scores.Length == 1) return [1 / (1 + MathF.Exp(-scores[0]))];
        float[] powers = [.. scores.Select(MathF.Exp)];
        return [.. powers.Select(power => power / powers.Sum())];
    }
}
