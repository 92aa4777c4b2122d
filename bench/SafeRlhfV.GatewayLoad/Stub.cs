using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// An upstream that answers at once. The gateway asks it for chat completions and embeddings alone, whatever wire a caller used; on the other wires it answers
/// those who ask it directly or through a plain proxy, whole only.
/// </summary>
internal static class Stub
{
    private const int StreamChunks = 10, ChunkMilliseconds = 20;
    private const string Words = "All is well. There is nothing more to say.", Head = "\"created\":1700000000,\"model\":\"stub\",";
    private const string ChunkHead = "{\"id\":\"chatcmpl-stub\",\"object\":\"chat.completion.chunk\"," + Head;
    private const int Dimensions = 1024;

    private static readonly byte[] Chunk =
        Event(ChunkHead + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"All is well so far. \"},\"finish_reason\":null}]}");

    private static readonly byte[] Last =
        [.. Event(ChunkHead + "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"), .. Event("[DONE]")];

    private static readonly Dictionary<string, byte[]> Wholes = new()
    {
        ["/v1/chat/completions"] = Json($$"""
            {"id":"chatcmpl-stub","object":"chat.completion",{{Head}}
            "choices":[{"index":0,"message":{"role":"assistant","content":"{{Words}}"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":10,"completion_tokens":9,"total_tokens":19} }
            """),
        ["/v1/responses"] = Json($$"""
            {"id":"resp_stub","object":"response","created_at":1700000000,"status":"completed","model":"stub","output":[
            {"type":"message","id":"msg_stub","status":"completed","role":"assistant","content":[
            {"type":"output_text","text":"{{Words}}","annotations":[]}]}],
            "usage":{"input_tokens":10,"output_tokens":9,"total_tokens":19} }
            """),
        ["/v1/messages"] = Json($$"""
            {"id":"msg_stub","type":"message","role":"assistant","model":"stub","content":[{"type":"text","text":"{{Words}}"}],
            "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":9} }
            """),
        ["/v1/embeddings"] = Json($$"""
            {"object":"list","data":[{"object":"embedding","index":0,"embedding":[{{Numbers()}}]}],"model":"stub",
            "usage":{"prompt_tokens":10,"total_tokens":10} }
            """),
    };

    public static void Map(WebApplication app)
    {
        foreach ((string path, byte[] whole) in Wholes) app.MapPost(path, http => AnswerAsync(http, whole));
    }

    private static async Task AnswerAsync(HttpContext http, byte[] whole)
    {
        using StreamReader reader = new(http.Request.Body);
        if (!(await reader.ReadToEndAsync()).Contains("\"stream\":true", StringComparison.Ordinal))
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = whole.Length;
            await http.Response.Body.WriteAsync(whole);
            return;
        }
        http.Response.ContentType = "text/event-stream";
        for (int i = 0; i < StreamChunks; i++)
        {
            await http.Response.Body.WriteAsync(Chunk);
            await http.Response.Body.FlushAsync();
            await Task.Delay(ChunkMilliseconds, http.RequestAborted);
        }
        await http.Response.Body.WriteAsync(Last);
    }

    private static string Numbers() =>
        string.Join(',', Enumerable.Range(0, Dimensions).Select(i => MathF.Sin(i).ToString(CultureInfo.InvariantCulture)));

    private static byte[] Json(string lines) => Encoding.UTF8.GetBytes(lines.ReplaceLineEndings(""));

    private static byte[] Event(string data) => Encoding.UTF8.GetBytes($"data: {data}\n\n");
}
