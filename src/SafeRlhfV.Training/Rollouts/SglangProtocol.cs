using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// SGLang's own routes: /generate with ids, log-probabilities and adapters, /update_weights_from_disk. Written from the project's sources and documents of
/// 2026; no server was run with it.
/// </summary>
/// <param name="imageToken">The id of an image token.</param>
internal sealed class SglangProtocol(int imageToken) : ServerProtocol
{
    /// <inheritdoc/>
    public override string AdapterHint =>
        "start SGLang with --enable-lora, --max-lora-rank of at least the recipe's rank and the recipe's --lora-target-modules (docs/scale.md)";

    /// <inheritdoc/>
    public override string ReloadHint => "look at the server's log (docs/scale.md)";

    /// <inheritdoc/>
    public override ServerCall Sample(string model, RolloutRequest request, bool stream) => ServerCall.Post("/generate", json =>
    {
        json.WriteStartArray("input_ids");
        foreach (int id in Collapsed(request)) json.WriteNumberValue(id);
        json.WriteEndArray();
        if (ServerMessage.Images(request.Messages) is { Count: > 0 } images)
        {
            json.WriteStartArray("image_data");
            foreach (string image in images) json.WriteStringValue(image);
            json.WriteEndArray();
        }
        json.WriteStartObject("sampling_params");
        json.WriteNumber("max_new_tokens", request.MaxTokens);
        json.WriteNumber("temperature", request.Temperature);
        json.WriteNumber("top_p", 1);
        json.WriteNumber("top_k", -1);
        json.WriteNumber("min_p", 0);
        json.WriteNumber("frequency_penalty", 0);
        json.WriteNumber("presence_penalty", 0);
        json.WriteNumber("repetition_penalty", 1);
        json.WriteBoolean("skip_special_tokens", false);
        json.WriteNumber("sampling_seed", request.Seed);
        json.WriteEndObject();
        json.WriteBoolean("return_logprob", true);
        json.WriteBoolean("return_prompt_token_ids", true);
        if (model.Length > 0) json.WriteString("lora_path", model);
    });

    /// <inheritdoc/>
    public override IReadOnlyList<RolloutReply> ReadSample(ServerReply reply)
    {
        JsonElement root = reply.Parts().Single(), meta = root.GetProperty("meta_info");
        int[] prompt = Has(root, "prompt_token_ids", out JsonElement served) ? Ids(served) : [];
        (float LogProb, int Id)[] tokens = [.. meta.GetProperty("output_token_logprobs").EnumerateArray()
            .Select(entry => (entry[0].GetSingle(), entry[1].GetInt32()))];
        int[] ids = Has(root, "output_ids", out JsonElement output) ? Ids(output) : [.. tokens.Select(token => token.Id)];
        string finish = Has(meta, "finish_reason", out JsonElement reason) ? reason.GetProperty("type").GetString()! : "";
        return [new RolloutReply(prompt, ids, [.. tokens.Select(token => token.LogProb)], finish)];
    }

    /// <summary>SGLang writes a hash of the image in place of image tokens.</summary>
    public override bool IsSamePrompt(ReadOnlySpan<int> served, ReadOnlySpan<int> own, int imageToken)
    {
        if (served.Length != own.Length) return false;
        for (int i = 0; i < own.Length; i++)
            if (own[i] != imageToken && served[i] != own[i]) return false;
        return true;
    }

    /// <inheritdoc/>
    public override ServerCall LoadAdapter(string name, string path) => ServerCall.Post("/load_lora_adapter", json =>
    {
        json.WriteString("lora_name", name);
        json.WriteString("lora_path", path);
    });

    /// <inheritdoc/>
    public override ServerCall UnloadAdapter(string name) => ServerCall.Post("/unload_lora_adapter", json => json.WriteString("lora_name", name));

    /// <inheritdoc/>
    public override IReadOnlyList<ServerCall> Reload(string path, string version) =>
    [
        ServerCall.Post("/update_weights_from_disk", json =>
        {
            json.WriteString("model_path", path);
            json.WriteBoolean("flush_cache", true);
            json.WriteString("weight_version", version);
        }),
    ];

    // one placeholder an image: the server expands it again
    private List<int> Collapsed(RolloutRequest request)
    {
        List<int> ids = [];
        foreach (int id in request.Prompt)
            if (id != imageToken || ids is not [.., var before] || before != imageToken) ids.Add(id);
        int images = ServerMessage.Images(request.Messages).Count, placed = ids.Count(id => id == imageToken);
        return placed == images ? ids : throw new InvalidInputException(
            $"rollouts.server: a prompt has {images} images, some without a token between them; SGLang cannot be told where they part. Take vLLM.");
    }
}
