using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Training.Tests;

/// <summary>vLLM's routes for rollouts: chat completions, adapters, and the dev routes for weights.</summary>
internal sealed class FakeVllm(FakeEngine engine, string name = "tiny", string root = "model", string? folder = null) : FakeServer(engine)
{
    private const int MostRank = 8;

    private static readonly string[] ChatFields =
    [
        "model", "messages", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "logprobs", "top_logprobs", "return_token_ids",
            "skip_special_tokens",
        "seed", "n", "stream", "add_special_tokens",
    ];

    private string? lastWeights;

    /// <summary>The longest text that it reads.</summary>
    public int MostTokens { get; set; } = 1024;

    protected override async Task AnswerAsync(HttpContext http, string path, JsonObject? body)
    {
        switch (path)
        {
            case "/health": await SendAsync(http, IsDead ? 503 : 200, null); break;
            case "/version": await SendAsync(http, 200, new JsonObject { ["version"] = "0.32.0" }); break;
            case "/v1/models": await SendAsync(http, 200, FakeVllmReplies.Models(name, root, MostTokens, Engine.Adapters)); break;
            case "/v1/chat/completions" when body is not null: await ChatAsync(http, path, body); break;
            case "/tokenize" when body is not null && body["messages"] is JsonArray messages:
                await SendAsync(http, 200, FakeVllmReplies.Tokens(Engine.Encode(messages).Ids, MostTokens));
                break;
            case "/v1/load_lora_adapter" when body is not null: await LoadAsync(http, body); break;
            case "/v1/unload_lora_adapter" when body is not null: await UnloadAsync(http, body); break;
            case "/collective_rpc" when body is not null: await ReloadAsync(http, body); break;
            case "/reset_prefix_cache": await SendAsync(http, 200, new JsonObject { ["success"] = true }); break;
            case "/reset_encoder_cache" or "/reset_mm_cache": await SendAsync(http, 200, null); break;
            case "/is_sleeping": await SendAsync(http, 200, new JsonObject { ["is_sleeping"] = IsAsleep }); break;
            default: await UnknownAsync(http); break;
        }
    }

    private async Task ChatAsync(HttpContext http, string path, JsonObject body)
    {
        if (IsAsleep) await Task.Delay(Timeout.Infinite, http.RequestAborted);
        if (IsDead)
        {
            await SendAsync(http, 500, FakeVllmReplies.EngineDead());
            return;
        }
        // what is left out would come from generation_config.json, and the fake reads none
        string[] needed = ["model", "messages", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "logprobs", "return_token_ids"];
        bool isKnown = body.All(field => ChatFields.Contains(field.Key)) && needed.All(body.ContainsKey) && (double)body["top_p"]! == 1
            && (int)body["top_k"]! == -1
            && (double)body["min_p"]! == 0 && (double)body["repetition_penalty"]! == 1 && (bool)body["logprobs"]! && (int?)body["top_logprobs"] is null or 0
                && (bool?)body["skip_special_tokens"] == false;
        if (!isKnown)
        {
            await UnknownAsync(http);
            return;
        }
        string model = (string)body["model"]!;
        if (model != name && !Engine.Adapters.ContainsKey(model))
        {
            await SendAsync(http, 404, FakeVllmReplies.Error(404, $"The model `{model}` does not exist. Valid aliases: {name}.", "NotFoundError", "model"));
            return;
        }
        if (Engine.TryEncode(body["messages"] as JsonArray) is not { } prompt)
        {
            await UnknownAsync(http);
            return;
        }
        if (prompt.Ids.Length >= MostTokens)
        {
            await SendAsync(http, 400, FakeVllmReplies.TooLong(MostTokens));
            return;
        }
        (int most, double temperature, long? seed, int count) = ((int)body["max_tokens"]!, (double)body["temperature"]!, (long?)body["seed"],
            (int?)body["n"] ?? 1);
        (int[], float[], bool)[] answers = [.. Enumerable.Range(0, count)
            .Select(i => Engine.Answer(prompt, model == name ? null : model, seed + i ?? i, most, temperature))];
        if ((bool?)body["stream"] == true)
        {
            http.Response.ContentType = "text/event-stream; charset=utf-8";
            foreach (JsonObject chunk in FakeVllmReplies.Chunks(model, prompt.Ids, answers[0], Engine.Processor.Tokenizer,
                Engine.Processor.EosTokenIds)) await EventAsync(http, chunk.ToJsonString());
            await EventAsync(http, "[DONE]");
            return;
        }
        JsonObject reply = FakeVllmReplies.Chat(model, prompt.Ids, answers, Engine.Processor.Tokenizer, Engine.Processor.EosTokenIds);
        Tamper(path, reply);
        await SendAsync(http, 200, reply);
    }

    public static async Task EventAsync(HttpContext http, string data)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"));
        await http.Response.Body.FlushAsync();
    }

    private async Task LoadAsync(HttpContext http, JsonObject body)
    {
        (string? adapter, string? path) = ((string?)body["lora_name"], (string?)body["lora_path"]);
        if (body.Any(field => field.Key is not ("lora_name" or "lora_path" or "load_inplace"))) await UnknownAsync(http);
        else if (path is null) await SendAsync(http, 400,
            FakeVllmReplies.Error(400,
            "1 validation error:\n  {'type': 'missing', 'loc': 'body.lora_path', 'msg': 'Field required', 'input': '<dict of 1 items>'}", "Bad Request",
            "body.lora_path"));
        else if (adapter is null or "") await SendAsync(http, 400, FakeVllmReplies.Error(400, "Both 'lora_name' and 'lora_path' must be provided.",
            "InvalidUserInput"));
        else if (adapter == name) await SendAsync(http, 400, FakeVllmReplies.Error(400, $"The lora adapter '{adapter}' conflicts with a served base model.",
            "InvalidUserInput"));
        else if (Engine.Adapters.ContainsKey(adapter) && (bool?)body["load_inplace"] != true)
            await SendAsync(http, 400,
                FakeVllmReplies.Error(400,
                $"The lora adapter '{adapter}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.",
                "InvalidUserInput"));
        else if (!File.Exists(Path.Combine(Real(path), "adapter_config.json"))) await SendAsync(http, 404,
            FakeVllmReplies.Error(404, $"Loading lora {adapter} failed: No adapter found for {path}", "NotFoundError"));
        else if (Models.LoraConfig.Load(Real(path)) is { Rank: > MostRank } config)
            await SendAsync(http, 500, FakeVllmReplies.Failed($"LoRA rank {config.Rank} is greater than max_lora_rank {MostRank}."));
        else
        {
            Engine.Load(adapter, Real(path), path);
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"Success: LoRA adapter '{adapter}' added successfully."));
        }
    }

    private async Task UnloadAsync(HttpContext http, JsonObject body)
    {
        string adapter = (string)body["lora_name"]!;
        if (!Engine.Unload(adapter)) await SendAsync(http, 404, FakeVllmReplies.Error(404, $"The lora adapter '{adapter}' cannot be found.", "NotFoundError"));
        else await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"Success: LoRA adapter '{adapter}' removed successfully."));
    }

    private async Task ReloadAsync(HttpContext http, JsonObject body)
    {
        if ((string?)body["method"] is not { } method) await SendAsync(http, 400, FakeVllmReplies.Error(400, "Missing 'method' in request body",
            "Bad Request"));
        else if (method != "reload_weights") await UnknownAsync(http);
        else
        {
            lastWeights = (string?)body["kwargs"]?["weights_path"] ?? lastWeights ?? root;
            Engine.Reload(Real(lastWeights));
            await SendAsync(http, 200, new JsonObject { ["results"] = new JsonArray([null]) });
        }
    }

    private string Real(string path) => folder is null ? path : Path.Combine(folder, path);
}
