using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>An upstream cuts between the halves of a character: both come out as one, in whatever member they stand.</summary>
public sealed class SplitCharacterTests
{
    private const string Text = "🙂 Well 😀 then 🎉🎉, 𝒙. And so on 👩🏽‍🚀";
    private static readonly string[] Kinds = ["content", "reasoning_content", "refusal", "tool_calls", "reasoning_details"];

    public static TheoryData<string, string> Wires { get; } = new()
    {
        { "/v1/chat/completions", """{ "model": "ours", "stream": true, "messages": [ { "role": "user", "content": "Hello" } ] }""" },
        { "/v1/responses", """{ "model": "ours", "stream": true, "input": "Hello" }""" },
        { "/v1/messages", """{ "model": "ours", "stream": true, "max_tokens": 5, "messages": [ { "role": "user", "content": "Hello" } ] }""" },
    };

    [Fact]
    public async Task CharactersStayWholeHoweverTheChunksAreCut()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await Gen.Select(Gen.Int[1, 4].Array[1, 9], Gen.Int[1, 4].Array[1, 9], Gen.Int[0, 1]).SampleAsync(async (first, second, choice) =>
        {
            string[][] pieces = [.. Kinds.Select((_, i) => Cut(Text, i % 2 == 0 ? first : second))];
            List<string> chunks = [];
            for (int i = 0; pieces.Any(one => i < one.Length); i++)
                for (int kind = 0; kind < Kinds.Length; kind++)
                    if (i < pieces[kind].Length) chunks.Add(Chunk(Kinds[kind], pieces[kind][i], choice));
            JsonObject[] deltas = await DeltasAsync(gateway, chunks, choice);
            foreach (string kind in Kinds) Assert.Equal(Text, string.Concat(deltas.Select(delta => Said(kind, delta))));
        }, iter: 60, threads: 1);
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task HalvesAreJoinedOnEachWire(string path, string ask)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string[] chunks =
        [
            Chunk("reasoning_content", "So \ud83d"), Chunk("content", "All \ud83d"), Chunk("reasoning_content", "\ude00."), Chunk("content", "\ude80 well."),
            Chunk("tool_calls", "x\ud83c"), Chunk("tool_calls", "\udf89"),
        ];
        gateway.Upstream.Behaviour = (http, _) => StreamAsync(http, chunks, 0);
        using HttpResponseMessage response = await gateway.SendAsync(path, ask);
        string body = string.Concat((await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n')
            .Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => string.Join('\n', Texts(JsonNode.Parse(line["data: ".Length..])))));
        foreach (string whole in (string[])["😀", "🚀", "🎉"]) Assert.Contains(whole, body);
        Assert.DoesNotContain('\ufffd', body);
        Assert.Equal(["Passed"], await gateway.OutcomesAsync());
    }

    // As where an answer is cut at its longest; whole answers and the tokens of logprobs, which nobody joins, likewise.
    [Fact]
    public async Task AHalfThatStaysAloneIsMarked()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (string kind in Kinds)
        {
            JsonObject[] deltas = await DeltasAsync(gateway, [Chunk(kind, "a\ud83d"), Chunk(kind, "b\udc00c"), Chunk(kind, "\ud83dd\ud83d")]);
            Assert.Equal("a\ufffdb\ufffdc\ufffdd\ufffd", string.Concat(deltas.Select(delta => Said(kind, delta))));
        }
        const string Split = """
            {"choices":[{"index":0,"delta":{"content":"\ud83d"},"logprobs":{"content":[{"token":"\ud83d","logprob":-1,"bytes":[240],"top_logprobs":[]}]}}]}
            """;
        JsonObject[] both = await DeltasAsync(gateway, [Split, Chunk("content", "\ude00")]);
        Assert.Equal("😀", string.Concat(both.Select(delta => Said("content", delta))));

        gateway.Upstream.Behaviour = (http, _) =>
            http.Response.WriteAsync("""{"choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant","content":"Fine \ud83d"}}]}""");
        (int status, JsonNode? body) = await gateway.ChatAsync("Hello");
        Assert.Equal(200, status);
        Assert.Equal("Fine \ufffd", body!["choices"]![0]!["message"]!["content"]!.GetValue<string>());
    }

    [Theory, InlineData("\"\\ud83d\":1"), InlineData("\"content\":\"\\ud83g\""), InlineData("\"content\":\"\\ud83d")]
    public async Task OtherBrokenEscapesAreTheUpstreamsFault(string member)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, _) => StreamAsync(http, ["{\"choices\":[{\"index\":0,\"delta\":{" + member + "}}]}"], 0);
        Assert.Equal(502, (await gateway.ChatAsync("Hello", stream: true)).Status);
    }

    private static async Task<JsonObject[]> DeltasAsync(RunningGateway gateway, IReadOnlyList<string> chunks, int choice = 0)
    {
        gateway.Upstream.Behaviour = (http, _) => StreamAsync(http, chunks, choice);
        (int status, JsonNode? body) = await gateway.ChatAsync("Hello", stream: true);
        Assert.True(status == 200, body?.ToJsonString());
        return
        [
            .. body!.GetValue<string>().Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
                .SelectMany(line => JsonNode.Parse(line["data: ".Length..])!["choices"]!.AsArray())
                .Where(one => one!["index"]!.GetValue<int>() == choice).Select(one => (JsonObject)one!["delta"]!),
        ];
    }

    private static async Task StreamAsync(HttpContext http, IEnumerable<string> chunks, int choice)
    {
        http.Response.ContentType = "text/event-stream";
        foreach (string chunk in chunks) await StubUpstream.SendAsync(http, chunk);
        for (int i = 0; i <= choice; i++) await StubUpstream.SendAsync(http, $$"""{"choices":[{"delta":{},"finish_reason":"stop","index":{{i}}}]}""");
        await StubUpstream.SendAsync(http, "[DONE]");
    }

    private static string Chunk(string kind, string piece, int choice = 0)
    {
        string text = $"\"{string.Concat(piece.Select(letter => $"\\u{(int)letter:x4}"))}\"";
        string delta = kind switch
        {
            "tool_calls" => """[{"index":1,"id":"a","type":"function","function":{"name":"f","arguments":""" + text + "}}]",
            "reasoning_details" => $$"""[{"text":{{text}},"type":"reasoning.text","index":2}]""",
            _ => text,
        };
        return "{\"choices\":[{\"delta\":{" + $"\"{kind}\":{delta}" + "},\"index\":" + choice + "}]}"; // the index may come last
    }

    private static string? Said(string kind, JsonObject delta) => kind switch
    {
        "tool_calls" => delta[kind]?[0]!["function"]!["arguments"]!.GetValue<string>(),
        "reasoning_details" => string.Concat(delta[kind]?.AsArray().Select(one =>
        {
            Assert.Equal("reasoning.text", one!["type"]!.GetValue<string>());
            return one["text"]!.GetValue<string>();
        }) ?? []),
        _ => delta[kind]?.GetValue<string>(),
    };

    private static string[] Cut(string text, int[] lengths)
    {
        List<string> pieces = [];
        for (int at = 0, i = 0; at < text.Length; at += lengths[i++ % lengths.Length])
            pieces.Add(text.Substring(at, Math.Min(lengths[i % lengths.Length], text.Length - at)));
        return [.. pieces];
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Texts(member.Value)),
        JsonArray list => list.SelectMany(Texts),
        JsonValue value when value.TryGetValue(out string? text) => [text],
        _ => [],
    };
}
