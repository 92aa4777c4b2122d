using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// vLLM 0.32's /classify for raw scores: by default they are squeezed by a sigmoid or a softmax, and read at the last token of what the chat template writes
/// after the response.
/// </summary>
internal static class ClassifyProtocol
{
    private const string Path = "/classify";

    /// <summary>Asks for the scores of texts without images, each read at its last token.</summary>
    public static ServerCall Ids(string model, IReadOnlyList<int[]> texts) => ServerCall.Post(Path, json =>
    {
        json.WriteString("model", model);
        json.WriteStartArray("input");
        foreach (int[] text in texts)
        {
            json.WriteStartArray();
            foreach (int id in text) json.WriteNumberValue(id);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteBoolean("use_activation", false);
    });

    /// <summary>Asks for the score of a conversation, read where its last message ends: that message names the end token itself.</summary>
    /// <param name="model">The name of the model.</param>
    /// <param name="messages">The conversation.</param>
    /// <param name="addsSpecialTokens">As of <see cref="VllmProtocol"/>.</param>
    public static ServerCall Chat(string model, IReadOnlyList<ServerMessage> messages, bool addsSpecialTokens) => ServerCall.Post(Path, json =>
    {
        json.WriteString("model", model);
        ServerMessage.Write(json, messages);
        json.WriteBoolean("add_generation_prompt", false);
        json.WriteBoolean("continue_final_message", true);
        json.WriteBoolean("use_activation", false);
        if (addsSpecialTokens) json.WriteBoolean("add_special_tokens", true);
    });

    /// <summary>Asks for the ids of a prompt, up to where the response begins.</summary>
    public static ServerCall Tokenize(string model, IReadOnlyList<ServerMessage> prompt, bool addsSpecialTokens) => ServerCall.Post("/tokenize", json =>
    {
        json.WriteString("model", model);
        ServerMessage.Write(json, prompt);
        if (addsSpecialTokens) json.WriteBoolean("add_special_tokens", true);
    });

    /// <summary>Reads scores.</summary>
    /// <exception cref="Exception">A <see cref="JsonException"/> and the like: the reply is not of the protocol.</exception>
    public static ClassifyReply Read(ServerReply reply)
    {
        JsonElement root = reply.Parts().Single();
        (int Index, float[] Scores, int Classes)[] data = [.. root.GetProperty("data").EnumerateArray().Select(entry => (
            entry.GetProperty("index").GetInt32(), entry.GetProperty("probs").EnumerateArray().Select(Number).ToArray(),
            entry.GetProperty("num_classes").GetInt32())).OrderBy(entry => entry.Item1)];
        if (!data.Select(entry => entry.Index).SequenceEqual(Enumerable.Range(0, data.Length)))
            throw new FormatException($"its results have the indexes {string.Join(", ", data.Select(entry => entry.Index))}");
        return new(root.GetProperty("model").GetString()!, [.. data.Select(entry => entry.Scores)], [.. data.Select(entry => entry.Classes)],
            root.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());

        static float Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? float.NaN : value.GetSingle();
    }

    /// <summary>Reads the ids of a prompt, images expanded.</summary>
    /// <exception cref="Exception">As of <see cref="Read"/>.</exception>
    public static int[] ReadTokens(ServerReply reply) =>
        [.. reply.Parts().Single().GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
}
