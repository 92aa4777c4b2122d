using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Upstreams that answer without end, on each wire and in each member: the answer is cut, and the upstream is left.</summary>
public sealed class EndlessAnswerTests
{
    private static readonly string Piece = string.Concat(Enumerable.Repeat("word ", 200)), Lines = string.Concat(Enumerable.Repeat(Piece, 100));

    public static TheoryData<string, string> Streams()
    {
        TheoryData<string, string> data = [];
        foreach (string path in (string[])["/v1/chat/completions", "/v1/messages", "/v1/responses"])
            foreach (string kind in (string[])["content", "reasoning_content", "refusal", "tool_calls", "function_call", "annotations", "unknown", "line"])
                data.Add(path, kind);
        return data;
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task AnAnswerWithoutEndIsCut(string path, string kind)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("limits: { answer_characters: 50000 }");
        TaskCompletionSource<int> sent = new();
        gateway.Upstream.Behaviour = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            int count = 0;
            try
            {
                if (kind == "line") await http.Response.WriteAsync("data: {\"x\":\"", http.RequestAborted);
                for (; ; count++)
                {
                    http.RequestAborted.ThrowIfCancellationRequested();
                    if (kind == "line") await http.Response.WriteAsync(Lines, http.RequestAborted);
                    else await StubUpstream.ChunkAsync(http, Delta(kind));
                    await http.Response.Body.FlushAsync(http.RequestAborted);
                }
            }
            catch (Exception)
            {
                sent.TrySetResult(count);
            }
        };
        string body = path switch
        {
            "/v1/messages" => """{"model":"ours","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"go on"}]}""",
            "/v1/responses" => """{"model":"ours","stream":true,"input":"go on"}""",
            _ => """{"model":"ours","stream":true,"messages":[{"role":"user","content":"go on"}]}""",
        };
        using HttpResponseMessage response = await gateway.SendAsync(path, body);
        string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string end = answer[Math.Max(0, answer.Length - 4000)..];
        Assert.True(kind == "line" ? end.Contains("an event without end") : end.Contains("longer than 50000 characters"), end);
        Assert.InRange(await sent.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), 1, 60_000);
        Assert.DoesNotContain("Passed", await gateway.OutcomesAsync());
    }

    private static JsonObject Delta(string kind) => kind switch
    {
        "tool_calls" => new()
        {
            ["tool_calls"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["id"] = "c",
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = "f", ["arguments"] = Piece },
            }),
        },
        "function_call" => new() { ["function_call"] = new JsonObject { ["name"] = "f", ["arguments"] = Piece } },
        "annotations" => new() { ["annotations"] = new JsonArray(new JsonObject { ["type"] = "note", ["text"] = Piece }) },
        _ => new() { [kind] = Piece },
    };
}
