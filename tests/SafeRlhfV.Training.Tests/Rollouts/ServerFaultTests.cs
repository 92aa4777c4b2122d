using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// What servers do wrong, and what becomes of the run: a fault that passes or that another server can take over changes nothing, every other one refuses the
/// round.
/// </summary>
public sealed class ServerFaultTests(UndisturbedRun undisturbed) : IClassFixture<UndisturbedRun>
{
    private readonly TinyRecipes tiny = undisturbed.Tiny;

    private const string Chat = "/v1/chat/completions";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Passing => new("503", "busy", "slow", "cut", "engine killed", "API server killed", "adapter gone", "dead from the start");

    /// <summary>With a second server at hand, the run ends in the numbers of an undisturbed one.</summary>
    [Theory, MemberData(nameof(Passing))]
    public async Task AnotherServerTakesOver(string fault)
    {
        IReadOnlyList<IReadOnlyDictionary<string, double>> expected = undisturbed.Metrics;
        await using ServedPpo ppo = new(tiny);
        FakeServer bad = ppo.Start(), good = ppo.Start();
        Spoil(bad, fault);
        bool streams = fault is "engine killed" or "API server killed";
        Notes notes = new();
        IReadOnlyList<IReadOnlyDictionary<string, double>> metrics = ServedPpo.Run(
            ppo.Recipe("ppo-backbone", $"faults/{fault}", $"rollouts.stream={(streams ? "true" : "false")}", "rollouts.timeout_seconds=20",
                "rollouts.concurrency=1"),
            Cancel, notes);
        Same(expected, metrics);
        Assert.Contains(Chat, good.Asked);
        if (fault != "slow") Assert.Contains(notes.All, note => note.Contains("left out", StringComparison.Ordinal));
    }

    /// <summary>A server that sleeps says that it is well; it is left out after the time limit.</summary>
    [Fact]
    public async Task AServerThatSleepsIsLeftOut()
    {
        IReadOnlyList<IReadOnlyDictionary<string, double>> expected = undisturbed.Metrics;
        await using ServedPpo ppo = new(tiny);
        FakeServer bad = ppo.Start();
        ppo.Start();
        bad.IsAsleep = true;
        Notes notes = new();
        Same(expected, ServedPpo.Run(ppo.Recipe("ppo-backbone", "faults/asleep", "rollouts.timeout_seconds=2"), Cancel, notes));
        Assert.Contains(notes.All, note => note.Contains("no answer within 2 s", StringComparison.Ordinal));
    }

    /// <summary>One server alone: an error that passes costs a retry and nothing else.</summary>
    [Fact]
    public async Task AnErrorThatPassesIsTriedAgain()
    {
        IReadOnlyList<IReadOnlyDictionary<string, double>> expected = undisturbed.Metrics;
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        int failures = 0;
        server.Fault = async (http, path, _, number) =>
        {
            if (path != Chat || number % 3 != 0 || failures++ > 4) return false;
            http.Response.Headers.RetryAfter = "0";
            await FakeServer.SendAsync(http, 503, null);
            return true;
        };
        Same(expected, ServedPpo.Run(ppo.Recipe("ppo-backbone", "faults/passing", "rollouts.retries=6"), Cancel));
        Assert.True(failures > 0);
    }

    [Fact]
    public async Task WithoutAServerTheFinishedRoundsAreSaved()
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        server.Fault = (_, path, _, _) =>
        {
            if (path == Chat && server.Asked.Count(one => one == "/v1/load_lora_adapter") > 1) server.IsDead = true;
            return Task.FromResult(false);
        };
        Recipe recipe = ppo.Recipe("ppo-backbone", "faults/none-left");
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(recipe, Cancel));
        Assert.Contains("no server is left", error.Message, StringComparison.Ordinal);
        Assert.Contains("EngineCore", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, TrainingRun.NewestCheckpoint(recipe.Run.Folder)!.Value.Step);
        // mended, it goes on, and what the dead server held is unloaded and deleted
        (server.Fault, server.IsDead) = ((_, _, _, _) => Task.FromResult(false), false);
        Same(undisturbed.Metrics, ServedPpo.Run(recipe, Cancel, resume: true));
        Assert.Empty(server.Engine.Adapters);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(recipe.Run.Folder, "rollouts")));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "wrong prompt ids", "the server's prompt differs from ours at token 3" },
        { "no prompt ids", "prompt_token_ids" },
        { "cut log-probabilities", "log-probabilities" },
        { "no number", "not the logarithm of a probability" },
        { "no token ids", "sampled no token" },
        { "cut response", "was cut at" },
        { "foreign end", "which is no end token here" },
        { "off", "off our own, and at most 0.0005 is allowed" },
        { "stale", "off our own, and at most 0.0005 is allowed" },
        { "ignored", "off our own, and at most 0.0005 is allowed" },
        { "ignored, of low precision", "the adapter is loaded and not applied" },
        { "too long", "This model's maximum context length is 1024 tokens" },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task WhatIsNotTheActorsIsRefused(string fault, string said)
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        Spoil(server, fault);
        string[] sets = fault.Contains("low precision", StringComparison.Ordinal) ? ["rollouts.probe_tolerance=10"] : [];
        ServiceException error = Assert.Throws<ServiceException>(() =>
            ServedPpo.Run(ppo.Recipe("ppo-backbone", $"refused/{fault}", ["training.actor.learning_rate=3e-2", .. sets]), Cancel));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("model.lora.rank=16", "max_lora_rank 8", "--max-lora-rank")]
    [InlineData("rollouts.server_folder=/no/such/folder", "No adapter found", "rollouts.server_folder")]
    public async Task AnAdapterThatAServerRefusesIsTold(string set, string said, string hint)
    {
        await using ServedPpo ppo = new(tiny);
        ppo.Start();
        Recipe recipe = ppo.Recipe("ppo-backbone", $"adapters/{said}", set, $"rollouts.folder={tiny.At("shared")}");
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(recipe, Cancel));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatLoadsNoAdaptersIsTold()
    {
        await using ServedPpo ppo = new(tiny);
        ppo.Start().Fault = async (http, path, _, _) =>
        {
            if (path != "/v1/load_lora_adapter") return false;
            await FakeServer.SendAsync(http, 404, new JsonObject { ["detail"] = "Not Found" });
            return true;
        };
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(ppo.Recipe("ppo-backbone", "adapters/route"), Cancel));
        Assert.Contains("VLLM_ALLOW_RUNTIME_LORA_UPDATING", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A reload that reports success and changes nothing, or keeps the old output layer, does not pass.</summary>
    [Fact]
    public async Task WeightsThatAreNotTakenAreRefused()
    {
        await using ServedPpo ppo = new(tiny);
        ppo.Start().Fault = async (http, path, _, _) =>
        {
            if (path != "/collective_rpc") return false;
            await FakeServer.SendAsync(http, 200, new JsonObject { ["results"] = new JsonArray([null]) });
            return true;
        };
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(ppo.Recipe("ppo", "weights/kept"), Cancel));
        Assert.Contains("off our own", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Replies that come in any order go to their own prompts.</summary>
    [Fact]
    public async Task RepliesMayComeInAnyOrder()
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        server.Fault = async (_, path, _, number) =>
        {
            if (path == Chat) await Task.Delay(300 - number * 37 % 300, Cancel);
            return false;
        };
        Same(undisturbed.Metrics, ServedPpo.Run(ppo.Recipe("ppo-backbone", "faults/order"), Cancel));
    }

    /// <summary>A key is sent where one is needed, and is in no message.</summary>
    [Fact]
    public async Task AKeyIsSentAndNeverShown()
    {
        Environment.SetEnvironmentVariable("SAFERLHFV_TEST_SERVER_KEY", "key-of-the-test");
        await using ServedPpo ppo = new(tiny);
        List<string> sent = [];
        ppo.Start().Fault = async (http, path, _, _) =>
        {
            lock (sent) sent.Add(http.Request.Headers.Authorization.ToString());
            if (path != Chat) return false;
            await FakeServer.SendAsync(http, 400, new JsonObject { ["error"] = new JsonObject { ["message"] = "no key-of-the-test" } });
            return true;
        };
        ServiceException error = Assert.Throws<ServiceException>(() =>
            ServedPpo.Run(ppo.Recipe("ppo-backbone", "faults/key", "rollouts.key_variable=SAFERLHFV_TEST_SERVER_KEY"), Cancel));
        Assert.All(sent, header => Assert.Equal("Bearer key-of-the-test", header));
        Assert.DoesNotContain("key-of-the-test", error.Message, StringComparison.Ordinal);
        Assert.Contains("***", error.Message, StringComparison.Ordinal);
    }

    private static void Same(IReadOnlyList<IReadOnlyDictionary<string, double>> expected, IReadOnlyList<IReadOnlyDictionary<string, double>> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((IReadOnlyDictionary<string, double> was, IReadOnlyDictionary<string, double> now) in expected.Zip(actual))
            Assert.All(was, metric => Assert.True(metric.Value == now[metric.Key], $"{metric.Key}: {now[metric.Key]:R}, undisturbed {metric.Value:R}"));
    }

    private static void Spoil(FakeServer server, string fault)
    {
        int chats = 0;
        switch (fault)
        {
            case "off": server.Engine.Off = 0.01; return;
            case "ignored" or "ignored, of low precision": server.Engine.IgnoresAdapters = true; return;
            case "stale": server.Engine.IsStale = true; return;
            case "wrong prompt ids" or "no prompt ids" or "cut log-probabilities" or "no number" or "no token ids" or "cut response" or "foreign end":
                server.Tamper = (_, reply) => Change(reply, fault);
                return;
            default: server.Fault = (http, path, _, _) => FailAsync(server, http, path, fault, path == Chat ? chats++ : -1); return;
        }
    }

    private static void Change(JsonObject reply, string fault)
    {
        JsonNode choice = reply["choices"]![0]!;
        JsonArray content = choice["logprobs"]!["content"]!.AsArray(), ids = choice["token_ids"]!.AsArray();
        switch (fault)
        {
            case "wrong prompt ids": reply["prompt_token_ids"]![3] = 0; break;
            case "no prompt ids": reply["prompt_token_ids"] = null; break;
            case "cut log-probabilities": content.RemoveAt(0); break;
            case "no number": content[0]!["logprob"] = 0.5; break;
            case "no token ids": choice["token_ids"] = null; break;
            case "cut response":
                content.RemoveAt(content.Count - 1);
                ids.RemoveAt(ids.Count - 1);
                choice["finish_reason"] = "length";
                break;
            case "foreign end": choice["finish_reason"] = "stop"; break;
        }
    }

    private static async Task<bool> FailAsync(FakeServer server, HttpContext http, string path, string fault, int chat)
    {
        if (fault == "dead from the start")
        {
            http.Abort();
            return true;
        }
        if (fault == "slow")
        {
            await Task.Delay(50, Cancel);
            return false;
        }
        if (chat < 3 && fault != "too long" || server.IsDead && path != "/health") return false;
        switch (fault)
        {
            case "503": await FakeServer.SendAsync(http, 503, null); break;
            case "busy":
                http.Response.Headers.RetryAfter = "0";
                await FakeServer.SendAsync(http, 429, new JsonObject { ["error"] = new JsonObject { ["message"] = "busy" } });
                break;
            case "too long" when chat >= 0:
                Recording recorded = Recording.Where(one => one.Name.Contains("too-long", StringComparison.Ordinal) && one.Path == Chat)[0];
                http.Response.StatusCode = recorded.Status;
                await http.Response.Body.WriteAsync(recorded.Body);
                break;
            case "cut":
                server.IsDead = true;
                http.Abort();
                break;
            case "engine killed":
                server.IsDead = true;
                http.Response.ContentType = "text/event-stream; charset=utf-8";
                await http.Response.Body.WriteAsync(Recording.Where(one => one.IsStream && Encoding.UTF8.GetString(one.Body).Contains("EngineCore",
                    StringComparison.Ordinal))[0].Body);
                break;
            case "API server killed":
                server.IsDead = true;
                http.Response.ContentType = "text/event-stream; charset=utf-8";
                await http.Response.Body.WriteAsync(Recording.Where(one => one.IsStream && File.Exists(Recording.At("vllm", one.Name, "raw.bin"))
                    && !Encoding.UTF8.GetString(one.Body).Contains("EngineCore", StringComparison.Ordinal))[0].Body);
                await http.Response.Body.FlushAsync();
                http.Abort();
                break;
            case "adapter gone":
                await FakeServer.SendAsync(http, 404, FakeVllmReplies.Error(404, "The model `x` does not exist.", "NotFoundError",
                "model")); break;
            default: return false;
        }
        return true;
    }
}
