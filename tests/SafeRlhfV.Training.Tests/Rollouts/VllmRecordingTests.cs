using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Training.Tests;

/// <summary>The client against the bytes of a real vLLM: what it sends, and what it reads.</summary>
public sealed class VllmRecordingTests
{
    private static readonly string[] SampleFields =
    [
        "model", "messages", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "logprobs", "top_logprobs", "return_token_ids",
            "skip_special_tokens", "seed",
    ];

    private readonly VllmProtocol protocol = new(addsSpecialTokens: false);

    [Fact]
    public void RolloutsAreSentAsRecorded()
    {
        foreach (Recording one in Recording.Where(one => one.Path == "/v1/chat/completions" && one.Request is { } request && request
            .Select(field => field.Key).SequenceEqual(SampleFields) && !IsFiltered(request)))
        {
            JsonObject sent = one.Request!;
            RolloutRequest request = new([], one.Messages, (long)sent["seed"]!, (int)sent["max_tokens"]!, (double)sent["temperature"]!);
            Equal(one, protocol.Sample((string)sent["model"]!, request, stream: false));
        }
    }

    [Fact]
    public void LoadsUnloadsAndReloadsAreSentAsRecorded()
    {
        foreach (Recording one in Recording.Where(one => one.Path.EndsWith("_lora_adapter", StringComparison.Ordinal) && one.Request is { } request && request
            .All(field => field.Key is "lora_name" or "lora_path")))
        {
            (string? name, string? path) = ((string?)one.Request!["lora_name"], (string?)one.Request["lora_path"]);
            if (name is null || one.Path.Contains("/load", StringComparison.Ordinal) && path is null) continue; // not ours to send
            Equal(one, path is null ? protocol.UnloadAdapter(name) : protocol.LoadAdapter(name, path));
        }
        foreach (Recording one in Recording.Where(one => (string?)one.Request?["kwargs"]?["weights_path"] is not null)) Equal(one,
            protocol.Reload((string)one.Request!["kwargs"]!["weights_path"]!, "1")[^1]);
        // the caches are dropped before, by routes that a real server knows
        string[] routes = [.. Recording.Where(one => one.Server.StartsWith("dev", StringComparison.Ordinal) && one.Status == 200 && one.Method == "POST")
            .Select(one => one.Path)];
        Assert.All(protocol.Reload("x", "1"), call => Assert.Contains(call.Path, routes));
    }

    [Fact]
    public void AnswersAreReadAsRecorded()
    {
        foreach (Recording one in Recording.Chats())
        {
            IReadOnlyList<RolloutReply> replies = Ask(one, protocol.ReadSample).Result!;
            Same(one, replies, one.Reply!["choices"]!.AsArray(), Ids(one.Reply["prompt_token_ids"]));
            // whatever the order in which they come
            JsonObject turned = one.Reply.DeepClone().AsObject();
            turned["choices"] = new JsonArray([.. one.Reply["choices"]!.AsArray().Reverse().Select(choice => choice!.DeepClone())]);
            Same(one, protocol.ReadSample(new ServerReply(Encoding.UTF8.GetBytes(turned.ToJsonString()))), one.Reply["choices"]!.AsArray(),
                Ids(one.Reply["prompt_token_ids"]));
        }
    }

    /// <summary>A stream that has ids and log-probabilities gives what its events hold, by choice.</summary>
    [Fact]
    public void StreamsAreReadAsRecorded()
    {
        foreach (Recording one in Recording.Where(one => one.IsStream && one.Status == 200 && (bool?)one.Request?["return_token_ids"] == true))
        {
            RolloutReply[] replies = [.. Ask(one, protocol.ReadSample, stream: true).Result!];
            JsonNode[] events = [.. Encoding.UTF8.GetString(one.Body).Split("\n\n").Where(text => text.StartsWith("data: {", StringComparison.Ordinal))
                .Select(text => JsonNode.Parse(text["data: ".Length..])!)];
            Assert.Equal(Ids(events[0]["prompt_token_ids"]), replies[0].Prompt);
            for (int index = 0; index < replies.Length; index++)
            {
                JsonNode[] parts = [.. events.SelectMany(part => part["choices"]!.AsArray()).Where(choice => (int)choice!["index"]! == index)
                    .Select(choice => choice!)];
                Assert.Equal(parts.SelectMany(part => part["token_ids"] is JsonArray ids ? Ids(ids) : []), replies[index].Ids);
                Assert.Equal(parts.SelectMany(part => part["logprobs"]?["content"]?.AsArray().Select(entry => (float)entry!["logprob"]!) ?? []),
                    replies[index].LogProbs);
                Assert.Equal((string?)parts[^1]["finish_reason"], replies[index].Finish);
                Assert.Equal(replies[index].Ids.Length, replies[index].LogProbs.Length);
            }
        }
    }

    [Fact]
    public void AStreamThatBreaksIsAFault()
    {
        foreach (Recording one in Recording.Where(one => one.IsStream && File.Exists(Recording.At("vllm", one.Name, "raw.bin"))))
        {
            (IReadOnlyList<RolloutReply>? replies, ServiceFault? fault) = Ask(one, protocol.ReadSample, stream: true);
            Assert.Null(replies);
            Assert.True(fault is { MayRetry: true, Kind: "garbled" or "cut_off" }, $"{one}: {fault}");
            bool hasError = Encoding.UTF8.GetString(one.Body).Contains("\"error\"", StringComparison.Ordinal);
            if (hasError) Assert.Contains("EngineCore", fault.What, StringComparison.Ordinal);
        }
    }

    /// <summary>Every refusal of a server is told with its status and the server's own words.</summary>
    [Fact]
    public void RefusalsAreToldInTheServersWords()
    {
        foreach (Recording one in Recording.Where(one => one.Status >= 400))
        {
            (object? read, ServiceFault? fault) = Ask<object>(one, reply => reply);
            Assert.Null(read);
            Assert.Equal(one.Status, fault!.Status);
            string said = (string?)one.Reply?["error"]?.AsObjectOrNull()?["message"] ?? (one.Reply?["detail"] as JsonValue)?.ToString() ?? "";
            Assert.Contains(ServiceFault.OneLine(said)[..Math.Min(200, ServiceFault.OneLine(said).Length)], fault.What, StringComparison.Ordinal);
            Assert.Equal(one.Status >= 500, fault.MayRetry);
        }
    }

    [Fact]
    public void LoadsUnloadsAndReloadsThatSucceedAreKnown()
    {
        foreach (Recording one in Recording.Where(one => one.Status == 200 && (one.Path.Contains("lora_adapter", StringComparison.Ordinal)
            || one.Path is "/collective_rpc" or "/reset_prefix_cache" or "/reset_encoder_cache")))
        {
            (bool done, ServiceFault? fault) = Ask(one, reply =>
            {
                ServerProtocol.CheckDone(reply);
                return true;
            });
            Assert.True(done && fault is null, $"{one}: {fault}");
        }
        Assert.Throws<JsonException>(() => ServerProtocol.CheckDone(new ServerReply("""{"success":false,"message":"no"}"""u8.ToArray())));
    }

    [Fact]
    public void TheBaseModelIsFirstThatHasNoParent()
    {
        foreach (Recording one in Recording.Where(one => one.Path == "/v1/models" && one.Status == 200))
            Assert.Equal((string)one.Reply!["data"]!.AsArray().First(model => model!["parent"] is null)!["id"]!, Ask(one, ServerProtocol.ReadModelName).Result);
    }

    // PPO learns from the whole distribution: filtered sampling is never asked for
    private static bool IsFiltered(JsonObject request) => (double)request["top_p"]! != 1 || (int)request["top_k"]! != -1;

    internal static (T? Result, ServiceFault? Fault) Ask<T>(Recording one, Func<ServerReply, T> read, bool stream = false)
    {
        byte[] raw = one.Raw;
        using ReplayServer server = new(_ => raw);
        using ServerEndpoint endpoint = new(server.Address, null, TimeSpan.FromSeconds(30));
        ServerCall call = new(one.Path, one.Method == "POST" ? one.Sent : null, stream);
        (T? Result, ServiceFault? Fault) answer = endpoint.TryAsync(call, read, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        (string line, byte[] body) = Assert.Single(server.Asked);
        Assert.Equal($"{(one.Method == "POST" ? "POST" : "GET")} {one.Path} HTTP/1.1", line);
        if (one.Method == "POST") Assert.Equal(one.Sent, body);
        return answer;
    }

    internal static void Equal(Recording one, ServerCall call)
    {
        Assert.Equal((one.Method, one.Path), (call.Body is null ? "GET" : "POST", call.Path));
        // beyond the basic plane a character may be written as an escape, which is the same JSON
        if (!one.Sent.Any(value => value >= 0xf0)) Assert.Equal(Encoding.UTF8.GetString(one.Sent), Encoding.UTF8.GetString(call.Body!));
        else Assert.True(JsonNode.DeepEquals(one.Request, JsonNode.Parse(call.Body!)), one.Name);
    }

    private static void Same(Recording one, IReadOnlyList<RolloutReply> replies, JsonArray choices, int[] prompt)
    {
        Assert.Equal(choices.Count, replies.Count);
        for (int i = 0; i < replies.Count; i++)
        {
            Assert.Equal(prompt, replies[i].Prompt);
            Assert.Equal(Ids(choices[i]!["token_ids"]), replies[i].Ids);
            Assert.Equal(choices[i]!["logprobs"]!["content"]!.AsArray().Select(entry => (float)entry!["logprob"]!), replies[i].LogProbs);
            Assert.Equal((string?)choices[i]!["finish_reason"], replies[i].Finish);
            Assert.True(replies[i].Ids.Length == replies[i].LogProbs.Length, one.Name);
        }
    }

    private static int[] Ids(JsonNode? list) => [.. list!.AsArray().Select(id => (int)id!)];
}
