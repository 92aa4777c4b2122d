using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training.Tests;

/// <summary>The bodies that vLLM 0.32 writes, field by field as recorded. Ids and times are those that the recordings have in place of the real ones.</summary>
internal static class FakeVllmReplies
{
    private const long Created = 1790000000;
    private const string Print = "vllm-0.32.0-eda1f281";

    public static JsonObject Error(int status, string message, string type, string? param = null) =>
        new() { ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["param"] = param, ["code"] = status } };

    public static JsonObject Failed(string what) => Error(
        500, $"Call to add_lora method failed: Worker failed with error '{what}', please check the stack trace above for the root cause",
            "InternalServerError");

    public static JsonObject EngineDead() => Error(500, "EngineCore encountered an issue. See stack trace (above) for the root cause.", "InternalServerError");

    public static JsonObject TooLong(int most) => Error(400, $"This model's maximum context length is {most} tokens. However, your prompt contains at least "
        + $"{most + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. "
        + $"(parameter=input_tokens, value={most + 1})", "BadRequestError", "input_tokens");

    public static JsonObject Tokens(int[] ids, int most) => new()
    {
        ["count"] = ids.Length,
        ["max_model_len"] = most,
        ["tokens"] = Ids(ids),
        ["token_strs"] = null,
    };

    public static JsonObject Classes(string model, IReadOnlyList<float[]> scores, IReadOnlyList<string> labels, int tokens) => new()
    {
        ["id"] = $"classify-{1:x16}",
        ["object"] = "list",
        ["created"] = Created,
        ["model"] = model,
        ["data"] = new JsonArray([.. scores.Select((score, i) => (JsonNode)new JsonObject
        {
            ["index"] = i,
            ["label"] = labels[Array.IndexOf(score, score.Max())],
            ["probs"] = new JsonArray([.. score.Select(number => (JsonNode)(double)number)]),
            ["num_classes"] = score.Length,
        })]),
        ["usage"] = new JsonObject
        {
            ["prompt_tokens"] = tokens,
            ["total_tokens"] = tokens,
            ["completion_tokens"] = 0,
            ["prompt_tokens_details"] = null,
            ["completion_tokens_details"] = null,
        },
    };

    public static JsonObject Models(string name, string root, int most, IEnumerable<KeyValuePair<string, string>> adapters)
    {
        int number = 0;
        JsonArray data = [Model(name, root, null, most), .. adapters.Select(adapter => (JsonNode)Model(adapter.Key, adapter.Value, name, null))];
        return new() { ["object"] = "list", ["data"] = data };

        JsonObject Model(string id, string path, string? parent, int? length) => new()
        {
            ["id"] = id,
            ["object"] = "model",
            ["created"] = Created,
            ["owned_by"] = "vllm",
            ["root"] = path,
            ["parent"] = parent,
            ["max_model_len"] = length,
            ["permission"] = new JsonArray(new JsonObject
            {
                ["id"] = $"modelperm-{++number:x16}",
                ["object"] = "model_permission",
                ["created"] = Created,
                ["allow_create_engine"] = false,
                ["allow_sampling"] = true,
                ["allow_logprobs"] = true,
                ["allow_search_indices"] = false,
                ["allow_view"] = true,
                ["allow_fine_tuning"] = false,
                ["organization"] = "*",
                ["group"] = null,
                ["is_blocking"] = false,
            }),
        };
    }

    public static JsonObject Chat(string model, int[] prompt, IReadOnlyList<(int[] Ids, float[] LogProbs, bool Ended)> answers, Tokenizer tokenizer,
        IReadOnlyList<int> eos)
    {
        int sampled = answers.Sum(answer => answer.Ids.Length);
        return new()
        {
            ["id"] = "chatcmpl-0000000000000001",
            ["object"] = "chat.completion",
            ["created"] = Created,
            ["model"] = model,
            ["choices"] = new JsonArray([.. answers.Select((answer, index) => (JsonNode)new JsonObject
            {
                ["index"] = index,
                ["message"] = new JsonObject
                {
                    ["role"] = "assistant",
                    ["content"] = Text(answer, tokenizer),
                    ["refusal"] = null,
                    ["annotations"] = null,
                    ["audio"] = null,
                    ["function_call"] = null,
                    ["reasoning"] = null,
                },
                ["logprobs"] = new JsonObject { ["content"] = LogProbs(answer, tokenizer) },
                ["finish_reason"] = answer.Ended ? "stop" : "length",
                ["stop_reason"] = StopReason(answer, eos),
                ["token_ids"] = Ids(answer.Ids),
                ["routed_experts"] = null,
            })]),
            ["service_tier"] = null,
            ["system_fingerprint"] = Print,
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = prompt.Length,
                ["total_tokens"] = prompt.Length + sampled,
                ["completion_tokens"] = sampled,
                ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0, ["created_cache_tokens"] = 0, ["multimodal_tokens"] = null },
                ["completion_tokens_details"] = null,
            },
            ["prompt_logprobs"] = null,
            ["prompt_token_ids"] = Ids(prompt),
            ["prompt_text"] = null,
            ["kv_transfer_params"] = null,
            ["ec_transfer_params"] = null,
            ["metrics"] = null,
        };
    }

    /// <summary>The events of one answer: the role with the prompt's ids, then a token each.</summary>
    public static IEnumerable<JsonObject> Chunks(string model, int[] prompt, (int[] Ids, float[] LogProbs, bool Ended) answer, Tokenizer tokenizer,
        IReadOnlyList<int> eos)
    {
        JsonObject first = Chunk(new JsonObject
        {
            ["index"] = 0,
            ["delta"] = new JsonObject { ["role"] = "assistant", ["content"] = "" },
            ["logprobs"] = null,
            ["finish_reason"] = null
        });
        first["prompt_token_ids"] = Ids(prompt);
        first["prompt_text"] = null;
        yield return first;
        for (int i = 0; i < answer.Ids.Length; i++)
        {
            bool isLast = i == answer.Ids.Length - 1;
            (int[] Ids, float[] LogProbs, bool Ended) one = ([answer.Ids[i]], [answer.LogProbs[i]], answer.Ended && isLast);
            JsonObject choice = new()
            {
                ["index"] = 0,
                ["delta"] = new JsonObject { ["content"] = Text(one, tokenizer) },
                ["logprobs"] = new JsonObject { ["content"] = LogProbs(one, tokenizer) },
                ["finish_reason"] = !isLast ? null : answer.Ended ? "stop" : "length",
            };
            if (isLast) choice["stop_reason"] = StopReason(answer, eos);
            choice["token_ids"] = Ids(one.Ids);
            JsonObject chunk = Chunk(choice);
            if (isLast) chunk["system_fingerprint"] = Print;
            yield return chunk;
        }

        JsonObject Chunk(JsonObject choice) => new()
        {
            ["id"] = "chatcmpl-0000000000000001",
            ["object"] = "chat.completion.chunk",
            ["created"] = Created,
            ["model"] = model,
            ["choices"] = new JsonArray(choice),
        };
    }

    private static JsonArray LogProbs((int[] Ids, float[] LogProbs, bool Ended) answer, Tokenizer tokenizer) => new([.. answer.Ids.Select((id, i) =>
    {
        string token = tokenizer.Decode([id], skipSpecialTokens: false);
        if (token.Contains('\uFFFD', StringComparison.Ordinal)) token = "";
        return (JsonNode)new JsonObject { ["token"] = token, ["logprob"] = (double)answer.LogProbs[i],
            ["bytes"] = new JsonArray([.. Encoding.UTF8.GetBytes(token).Select(value => (JsonNode)(int)value)]), ["top_logprobs"] = new JsonArray() };
    })]);

    // the end token is never in the text
    private static string Text((int[] Ids, float[] LogProbs, bool Ended) answer, Tokenizer tokenizer) =>
        tokenizer.Decode(answer.Ended ? answer.Ids.SkipLast(1) : answer.Ids, skipSpecialTokens: false);

    // null for the end token of config.json, the id for the others of generation_config.json
    private static JsonNode? StopReason((int[] Ids, float[] LogProbs, bool Ended) answer, IReadOnlyList<int> eos) => answer.Ended && answer.Ids[^1] != eos[0]
        ? (JsonNode)answer.Ids[^1] : null;

    private static JsonArray Ids(IEnumerable<int> ids) => new([.. ids.Select(id => (JsonNode)id)]);
}
