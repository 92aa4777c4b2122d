using System.Text.Json.Nodes;

namespace SafeRlhfV.Training.Tests;

/// <summary>The server that tests play is held to the recordings: the same requests give the same bodies, with the numbers that our own model gives.</summary>
public sealed class FakeServerTests
{
    private static readonly string[] Servers = ["main", "pillow", "evict", "dev", "dev2"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ItAnswersAsTheRealOneDid()
    {
        int compared = 0;
        List<string> unknown = [];
        foreach (Recording one in Recording.Where(one => Servers.Contains(one.Server)
            && one.Path.Split('?')[0] is "/v1/chat/completions" or "/v1/models" or "/tokenize" or "/v1/load_lora_adapter" or "/v1/unload_lora_adapter"
            or "/health" or "/version" or "/collective_rpc" or "/reset_prefix_cache" or "/reset_encoder_cache" or "/reset_mm_cache" && !one.IsStream
                && CanBePlayed(one)))
        {
            using FakeEngine engine = new(Recording.At("model"));
            await using FakeVllm server = new(engine, "tiny", "model", Recording.At());
            Prepare(one, engine, server);
            (int status, byte[] body) = await RecordedReply.AskAsync(server, one, Cancel);
            if (status == 501)
            {
                unknown.Add(one.Name);
                continue;
            }
            Assert.True(one.Status == status, $"{one}: {status}, recorded {one.Status}");
            compared++;
            if (one.Reply is null) Assert.True(one.Body.AsSpan().SequenceEqual(body), $"{one}: '{System.Text.Encoding.UTF8.GetString(body)}'");
            else RecordedReply.Same(one, one.Reply, JsonNode.Parse(body), "");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{compared} exchanges compared; no rollout asks for what these do: {string.Join(", ", unknown)}");
        // whatever it does not know, a rollout, a load and a reload it must
        Assert.DoesNotContain(Recording.Chats().Where(one => Servers.Contains(one.Server) && CanBePlayed(one) && RecordedModelTests.IsUnfiltered(one)
            && !one.Name.StartsWith("error-", StringComparison.Ordinal)), chat => unknown.Contains(chat.Name));
        Assert.True(compared > 20, $"{compared} exchanges");
    }

    [Fact]
    public async Task ItStreamsAsTheRealOneDid()
    {
        foreach (Recording one in Recording.Where(one => one.IsStream && one.Status == 200 && Servers.Contains(one.Server)
            && (bool?)one.Request?["return_token_ids"] == true && one.Request["n"] is null))
        {
            using FakeEngine engine = new(Recording.At("model"));
            await using FakeVllm server = new(engine);
            // the setting that has no place in a stream of rollouts
            JsonObject request = one.Request!.DeepClone().AsObject();
            foreach ((string name, JsonNode value) in new (string, JsonNode)[] { ("top_logprobs", 0), ("top_p", 1), ("top_k", -1), ("min_p", 0),
                ("repetition_penalty", 1) }) request[name] = value;
            using HttpClient http = new();
            using ByteArrayContent content = new(System.Text.Encoding.UTF8.GetBytes(request.ToJsonString()));
            using HttpResponseMessage response = await http.PostAsync(server.Address + one.Path, content, Cancel);
            string text = await response.Content.ReadAsStringAsync(Cancel);
            string[] actual = Events(text), expected = Events(System.Text.Encoding.UTF8.GetString(one.Body));
            Assert.Equal(expected.Length, actual.Length);
            foreach ((string was, string now) in expected.Zip(actual))
            {
                if (was == "[DONE]") Assert.Equal(was, now);
                else RecordedReply.Same(one, WithoutTop(JsonNode.Parse(was)!), JsonNode.Parse(now), "");
            }
        }

        static string[] Events(string text) => [.. text.Split("\n\n").Where(part => part.Length > 0).Select(part => part["data: ".Length..])];

        // ours asks for no alternatives
        static JsonNode WithoutTop(JsonNode chunk)
        {
            foreach (JsonNode? entry in chunk["choices"]![0]!["logprobs"]?["content"]?.AsArray() ?? []) entry!["top_logprobs"] = new JsonArray();
            return chunk;
        }
    }

    // adapters that are not in the folder cannot be loaded, and the numbers of weights that are not there cannot be had
    private static bool CanBePlayed(Recording one)
    {
        if (one.Sent.Length > 0 && one.Request is null) return false; // no rollout is malformed
        if ((string?)one.Request?["kwargs"]?["weights_path"] is { } weights && !Directory.Exists(Recording.At(weights))) return false;
        if ((string?)one.Request?["lora_path"] is { } path && !Directory.Exists(Recording.At(path)) && !(one.Status == 404 || one.Status == 400)) return false;
        if (one.Request is { } request && request["method"] is not null && request["kwargs"] is null) return false; // the last path is not known
        string model = (string?)one.Request?["model"] ?? "tiny";
        if (model != "tiny" && one.Status == 200 && AdapterOf(one) is null) return false;
        return !(one.Status == 500 && one.Path == "/v1/chat/completions" && one.Server is "dev2");
    }

    private static void Prepare(Recording one, FakeEngine engine, FakeVllm server)
    {
        server.IsDead = System.Text.Encoding.UTF8.GetString(one.Body).Contains("EngineCore", StringComparison.Ordinal);
        string model = (string?)one.Request?["model"] ?? "tiny";
        if (AdapterOf(one) is { } path) engine.Load(model, Recording.At(path), path);
        bool isLoaded = one.Path == "/v1/unload_lora_adapter" ? one.Status == 200 : one.Path == "/v1/load_lora_adapter"
            && (((string?)one.Reply?["error"]?["message"])?.Contains("already been loaded", StringComparison.Ordinal) == true
            || one.Request?["load_inplace"] is not null);
        if (isLoaded) engine.Load((string)one.Request!["lora_name"]!,
            Recording.At("adapters", Path.GetFileName(Directory.EnumerateDirectories(Recording.At("adapters")).First())));
        foreach (JsonNode? listed in one.Path == "/v1/models" ? one.Reply!["data"]!.AsArray().Where(entry => entry!["parent"] is not null) : [])
            engine.Load((string)listed!["id"]!, Recording.At((string)listed["root"]!), (string)listed["root"]!);
        if (one.Reply?["choices"] is not JsonArray choices || (double?)one.Request?["temperature"] is null or 0) return;
        long seed = (long?)one.Request!["seed"] ?? 0;
        engine.Forced = asked => [.. choices[(int)(asked - seed)]!["token_ids"]!.AsArray().Select(id => (int)id!)];
    }

    /// <summary>The folder of a chat's adapter: that under whose numbers the recorded ones lie; null where it is not there.</summary>
    private static string? AdapterOf(Recording one)
    {
        if (one.Path != "/v1/chat/completions" || one.Status != 200 || (string?)one.Request?["model"] is not { } model || model == "tiny") return null;
        string[] paths = [.. Recording.Where(load => load.Path == "/v1/load_lora_adapter" && (string?)load.Request?["lora_name"] == model)
            .Select(load => (string)load.Request!["lora_path"]!).Distinct()];
        return paths.Any(path => !Directory.Exists(Recording.At(path))) ? null : paths.MinBy(path => RecordedModelTests.Gap(one, path));
    }
}
