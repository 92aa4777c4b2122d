using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training.Tests;

/// <summary>SGLang's own routes, by its sources. An expanded prompt is not what it takes: one placeholder an image.</summary>
internal sealed class FakeSglang(FakeEngine engine) : FakeServer(engine)
{
    private static readonly string[] Fields = ["input_ids", "image_data", "sampling_params", "return_logprob", "return_prompt_token_ids", "lora_path"];

    private static readonly string[] Sampling =
        ["max_new_tokens", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "skip_special_tokens",
            "sampling_seed"];

    protected override async Task AnswerAsync(HttpContext http, string path, JsonObject? body)
    {
        switch (path)
        {
            case "/health": await SendAsync(http, IsDead ? 503 : 200, null); break;
            case "/generate" when body is not null: await GenerateAsync(http, path, body); break;
            case "/load_lora_adapter" when body is not null: await LoadAsync(http, body); break;
            case "/unload_lora_adapter" when body is not null:
                bool known = Engine.Unload((string)body["lora_name"]!);
                await SendAsync(http, known ? 200 : 400, Result(known, known ? "" : "LoRA adapter is not loaded."));
                break;
            case "/update_weights_from_disk" when body is not null && (bool)body["flush_cache"]!:
                Engine.Reload((string)body["model_path"]!);
                await SendAsync(http, 200, Result(true, "Succeeded to update model weights."));
                break;
            default: await UnknownAsync(http); break;
        }
    }

    private async Task GenerateAsync(HttpContext http, string path, JsonObject body)
    {
        if (IsAsleep) await Task.Delay(Timeout.Infinite, http.RequestAborted);
        JsonObject sampling = body["sampling_params"]!.AsObject();
        bool isKnown = body.All(field => Fields.Contains(field.Key)) && sampling.Select(field => field.Key).SequenceEqual(Sampling)
            && (double)sampling["top_p"]! == 1 && (int)sampling["top_k"]! == -1
            && (double)sampling["min_p"]! == 0 && (double)sampling["repetition_penalty"]! == 1;
        if (!isKnown)
        {
            await UnknownAsync(http);
            return;
        }
        string? adapter = (string?)body["lora_path"];
        if (adapter is not null && !Engine.Adapters.ContainsKey(adapter))
        {
            await SendAsync(http, 400, new JsonObject { ["error"] = new JsonObject { ["message"] = $"LoRA adapter {adapter} is not loaded." } });
            return;
        }
        ProcessedImage[] images = [.. (body["image_data"]?.AsArray() ?? []).Select(url => Engine.Processor.Images.Process(FakeEngine.Decode((string)url!)))];
        int[] given = [.. body["input_ids"]!.AsArray().Select(id => (int)id!)];
        int imageToken = Engine.Processor.Model.ImageTokenId, at = 0;
        int[] ids = [.. given.SelectMany(id => id == imageToken ? Enumerable.Repeat(id, images[at++].Geometry.Tokens) : [id])];
        (int[] answer, float[] logProbs, bool ended) = Engine.Answer(new EncodedPrompt(ids, images, ""), adapter, (long)sampling["sampling_seed"]!,
            (int)sampling["max_new_tokens"]!, (double)sampling["temperature"]!);
        JsonObject reply = new()
        {
            ["text"] = Engine.Processor.Tokenizer.Decode(answer, skipSpecialTokens: false),
            ["output_ids"] = new JsonArray([.. answer.Select(id => (JsonNode)id)]),
            ["prompt_token_ids"] = new JsonArray([.. ids.Select(id => (JsonNode)(id == imageToken ? 1_000_003 : id))]), // a hash of the image stands there
            ["meta_info"] = new JsonObject
            {
                ["id"] = "0",
                ["finish_reason"] = ended ? new JsonObject { ["type"] = "stop", ["matched"] = answer[^1] }
                    : new JsonObject { ["type"] = "length", ["length"] = answer.Length },
                ["prompt_tokens"] = ids.Length,
                ["completion_tokens"] = answer.Length,
                ["output_token_logprobs"] = new JsonArray([.. answer.Select((id, i) => (JsonNode)new JsonArray((double)logProbs[i], id, null))]),
            },
        };
        Tamper(path, reply);
        await SendAsync(http, 200, reply);
    }

    private async Task LoadAsync(HttpContext http, JsonObject body)
    {
        string path = (string)body["lora_path"]!;
        bool isThere = File.Exists(Path.Combine(path, "adapter_config.json"));
        if (isThere) Engine.Load((string)body["lora_name"]!, path);
        await SendAsync(http, isThere ? 200 : 400, Result(isThere, isThere ? "" : $"{path} is no adapter."));
    }

    private static JsonObject Result(bool success, string message) => new() { ["success"] = success, ["message"] = message };
}
