using System.Text.Json;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>vLLM 0.32: chat completions with token ids; adapters by /v1/load_lora_adapter; weights by /collective_rpc (dev mode).</summary>
/// <param name="addsSpecialTokens">
/// Whether the prompt begins with a token that the tokenizer adds and the chat template does not write (LLaVA); vLLM leaves it out of a chat unless told.
/// </param>
internal sealed class VllmProtocol(bool addsSpecialTokens) : ServerProtocol
{
    /// <inheritdoc/>
    public override string AdapterHint =>
        "start vLLM with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, --enable-lora, --max-loras 2 and --max-lora-rank of at least the recipe's rank (docs/scale.md)";

    /// <inheritdoc/>
    public override string ReloadHint => "start vLLM with VLLM_SERVER_DEV_MODE=1 (docs/scale.md)";

    /// <summary>What <c>addsSpecialTokens</c> is for a model: ModelProcessor decides it so for our own prompts.</summary>
    public static bool AddsSpecialTokens(ModelProcessor processor)
    {
        bool isWritten = processor.Chat.BeginToken is { Length: > 0 } begin && processor.EncodePrompt("a", null).Text.StartsWith(begin,
            StringComparison.Ordinal);
        return !isWritten && processor.Tokenizer.Encode("a").Count != processor.Tokenizer.Encode("a", addSpecialTokens: false).Count;
    }

    /// <inheritdoc/>
    public override ServerCall Sample(string model, RolloutRequest request, bool stream) => ServerCall.Post("/v1/chat/completions", json =>
    {
        json.WriteString("model", model);
        ServerMessage.Write(json, request.Messages);
        json.WriteNumber("max_tokens", request.MaxTokens);
        json.WriteNumber("temperature", request.Temperature);
        // what is left out comes from the model folder's generation_config.json
        json.WriteNumber("top_p", 1);
        json.WriteNumber("top_k", -1);
        json.WriteNumber("min_p", 0);
        json.WriteNumber("repetition_penalty", 1);
        json.WriteBoolean("logprobs", true);
        json.WriteNumber("top_logprobs", 0);
        json.WriteBoolean("return_token_ids", true);
        json.WriteBoolean("skip_special_tokens", false);
        json.WriteNumber("seed", request.Seed);
        if (addsSpecialTokens) json.WriteBoolean("add_special_tokens", true);
        if (stream) json.WriteBoolean("stream", true);
    }, stream);

    /// <inheritdoc/>
    public override IReadOnlyList<RolloutReply> ReadSample(ServerReply reply)
    {
        int[] prompt = [];
        SortedDictionary<int, Choice> choices = [];
        foreach (JsonElement part in reply.Parts())
        {
            if (part.TryGetProperty("error", out JsonElement error)) throw new JsonException(error.GetProperty("message").GetString());
            if (Has(part, "prompt_token_ids", out JsonElement ids)) prompt = Ids(ids); // of a stream in the first event only
            foreach (JsonElement item in part.GetProperty("choices").EnumerateArray())
            {
                int index = item.GetProperty("index").GetInt32();
                if (!choices.TryGetValue(index, out Choice? choice)) choices.Add(index, choice = new Choice());
                choice.Add(item);
            }
        }
        return [.. choices.Values.Select(choice => choice.Done(prompt))];
    }

    /// <inheritdoc/>
    public override bool IsSamePrompt(ReadOnlySpan<int> served, ReadOnlySpan<int> own, int imageToken) => served.SequenceEqual(own);

    /// <inheritdoc/>
    public override ServerCall LoadAdapter(string name, string path) => ServerCall.Post("/v1/load_lora_adapter", json =>
    {
        json.WriteString("lora_name", name);
        json.WriteString("lora_path", path);
    });

    /// <inheritdoc/>
    public override ServerCall UnloadAdapter(string name) => ServerCall.Post("/v1/unload_lora_adapter", json => json.WriteString("lora_name", name));

    /// <summary>
    /// The caches go first: an image seen before would end the engine, and blocks of the old weights would be mixed with the new ones. The path is always
    /// named: without one the last one is read again.
    /// </summary>
    public override IReadOnlyList<ServerCall> Reload(string path, string version) =>
    [
        ServerCall.Post("/reset_encoder_cache"),
        ServerCall.Post("/reset_prefix_cache"),
        ServerCall.Post("/collective_rpc", json =>
        {
            json.WriteString("method", "reload_weights");
            json.WriteStartObject("kwargs");
            json.WriteString("weights_path", path);
            json.WriteEndObject();
        }),
    ];

    /// <summary>One answer, whole or gathered from a stream.</summary>
    private sealed class Choice
    {
        private readonly List<int> ids = [];
        private readonly List<float> logProbs = [];
        private string finish = "";

        public void Add(JsonElement item)
        {
            if (Has(item, "token_ids", out JsonElement tokens)) ids.AddRange(Ids(tokens));
            if (Has(item, "logprobs", out JsonElement given) && Has(given, "content", out JsonElement content))
                logProbs.AddRange(content.EnumerateArray().Select(entry => entry.GetProperty("logprob").GetSingle()));
            if (Has(item, "finish_reason", out JsonElement reason)) finish = reason.GetString()!;
        }

        public RolloutReply Done(int[] prompt) => new(prompt, [.. ids], [.. logProbs], finish);
    }
}
