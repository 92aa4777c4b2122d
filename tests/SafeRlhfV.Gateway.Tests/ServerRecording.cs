using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>An exchange with a real server, as golden/servers keeps it.</summary>
internal sealed class ServerRecording(string folder)
{
    public string Name => Path.GetFileName(folder);

    public int Status => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "headers.json")))!["status"]!.GetValue<int>();

    public string UrlPath => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "headers.json")))!["path"]!.GetValue<string>();

    public JsonObject Request => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "request.json")))!;

    /// <summary>Whether the server said within its stream that it has failed, or did not end it.</summary>
    public bool HasFailed => IsStream
        && (Reply.Contains("\"error\"", StringComparison.Ordinal) || !Reply.Contains("\"finish_reason\":\"", StringComparison.Ordinal));

    public bool IsStream => File.Exists(Path.Combine(folder, "response.sse"));

    public string Reply => File.ReadAllText(Path.Combine(folder, IsStream ? "response.sse" : "response.json"));

    /// <summary>All recordings whose names begin so.</summary>
    public static IEnumerable<ServerRecording> All(string prefix, string server = "vllm") =>
        Directory.GetDirectories(Golden.At("servers", server), prefix + "*").Order().Select(folder => new ServerRecording(folder));

    /// <summary>Sends what the server sent.</summary>
    public Task ReplayAsync(HttpContext http)
    {
        http.Response.ContentType = IsStream ? "text/event-stream; charset=utf-8" : "application/json";
        return http.Response.WriteAsync(Reply);
    }

    /// <summary>A chat completion that says the same as an answer of another wire, for a stub to give.</summary>
    public static Func<HttpContext, JsonObject, Task> Saying(string text, JsonArray calls, string finish, long read, long written) => async (http, body) =>
    {
        JsonObject usage = new() { ["prompt_tokens"] = read, ["completion_tokens"] = written, ["total_tokens"] = read + written };
        if (body["stream"]?.GetValue<bool>() != true)
        {
            JsonObject message = new() { ["role"] = "assistant", ["content"] = text, ["tool_calls"] = calls.DeepClone() };
            await http.Response.WriteAsJsonAsync(new JsonObject
            {
                ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = finish }),
                ["usage"] = usage,
            });
            return;
        }
        http.Response.ContentType = "text/event-stream";
        foreach (char letter in text) await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = letter.ToString() });
        for (int i = 0; i < calls.Count; i++)
        {
            JsonObject call = (JsonObject)calls[i]!.DeepClone();
            call["index"] = i;
            await StubUpstream.ChunkAsync(http, new JsonObject { ["tool_calls"] = new JsonArray(call) });
        }
        await StubUpstream.ChunkAsync(http, [], finish);
        await StubUpstream.SendAsync(http, new JsonObject { ["choices"] = new JsonArray(), ["usage"] = usage }.ToJsonString());
        await StubUpstream.SendAsync(http, "[DONE]");
    };
}
