using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class EnduranceTests
{
    [Fact]
    public async Task CallersThatLeaveAreReportedAndFreeTheUpstream()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource left = new();
        gateway.Upstream.Behaviour = async (http, _) =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            http.Response.ContentType = "text/event-stream";
            for (int i = 0; i < 1000; i++)
                await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = "One more. " }).ContinueWith(_ => Task.Delay(10)).Unwrap();
        };
        using (HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions"))
        {
            request.Headers.Authorization = new("Bearer", RunningGateway.Key);
            request.Content = new StringContent("""{"model":"ours","stream":true,"messages":[{"role":"user","content":"Hi"}]}""", Encoding.UTF8,
                "application/json");
            using HttpResponseMessage response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[10]);
        }
        await left.Task.WaitAsync(TimeSpan.FromSeconds(10));
        for (int i = 0; i < 100 && (await gateway.OutcomesAsync()).Count == 0; i++) await Task.Delay(50);
        Assert.Equal(["Abandoned"], await gateway.OutcomesAsync());
    }

    // 500 streams open at once, over and over: every one ends, every one is audited, and memory does not grow with their number.
    [Fact]
    public Task ManyStreamsStayInBoundedMemoryAndAllAreAudited() => StreamManyAsync(600, 200);

    [Fact, Trait("speed", "slow")]
    public Task TenThousandStreamsStayInBoundedMemoryAndAllAreAudited() => StreamManyAsync(10_000, 500);

    // The same requests directly to the upstream and through the gateway, in turns; the figures stand in the test's output.
    [Fact, Trait("speed", "slow")]
    public async Task TheGatewayAddsLittle()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using HttpClient direct = new();
        string body = """{"model":"ours","messages":[{"role":"user","content":"Hello"}]}""";
        await MeasureAsync(500);
        ((double P50, double P99, double Rate) without, (double P50, double P99, double Rate) with) = await MeasureAsync(4000);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"direct p50 {without.P50:0.00} ms, p99 {without.P99:0.00} ms, {without.Rate:0}/s; through the gateway p50 {with.P50:0.00} ms, p99 {with.P99:0.00} ms, {with.Rate:0}/s (8 callers, audit to SQLite on disk)");
        Assert.Equal(4500, (await gateway.OutcomesAsync()).Count);
        Assert.True(with.P50 - without.P50 < 100, "the gateway adds 100 ms and more at the median");

        async Task<((double, double, double), (double, double, double))> MeasureAsync(int requests)
        {
            var first = await RunAsync(requests,
                () => direct.PostAsync(gateway.Upstream.Endpoint + "/chat/completions", new StringContent(body, Encoding.UTF8, "application/json")));
            return (first, await RunAsync(requests, () => gateway.SendAsync("/v1/chat/completions", body)));
        }

        static async Task<(double, double, double)> RunAsync(int requests, Func<Task<HttpResponseMessage>> send)
        {
            double[] times = new double[requests];
            Stopwatch all = Stopwatch.StartNew();
            await Parallel.ForAsync(0, requests, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
            {
                long started = Stopwatch.GetTimestamp();
                using HttpResponseMessage response = await send();
                await response.Content.ReadAsByteArrayAsync();
                times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                Assert.True(response.IsSuccessStatusCode);
            });
            double rate = requests / all.Elapsed.TotalSeconds;
            Array.Sort(times);
            return (times[requests / 2], times[requests * 99 / 100], rate);
        }
    }

    private static async Task StreamManyAsync(int streams, int open)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("limits: { concurrency: 5000 }");
        gateway.Http.Timeout = TimeSpan.FromMinutes(5);
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "One is done. Two follows. Three ends it all.");
        await RunAsync(Math.Min(streams / 4, open));
        long before = GC.GetTotalMemory(true);
        Stopwatch watch = Stopwatch.StartNew();
        await RunAsync(streams);
        double seconds = watch.Elapsed.TotalSeconds;
        long grown = GC.GetTotalMemory(true) - before;
        gateway.Upstream.Requests.Clear();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{streams} streams, {open} open: {streams / seconds:0} a second, {grown / 1024.0 / 1024:0.0} MiB more held");
        IReadOnlyList<string?> outcomes = await gateway.OutcomesAsync();
        Assert.Equal(streams + Math.Min(streams / 4, open), outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Equal("Passed", outcome));
        Assert.True(grown < 100 * 1024 * 1024, $"{grown} bytes more are held");

        Task RunAsync(int count) => Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = open }, async (_, _) =>
        {
            (int status, JsonNode? body) = await gateway.ChatAsync("Hello", stream: true);
            Assert.Equal(200, status);
            string text = body!.GetValue<string>();
            Assert.True(text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal), text[Math.Max(0, text.Length - 500)..]); // the error it ended with
        });
    }

    // The gateway's own process is killed in the middle of its work: what it had recorded is whole, and every answer that left was recorded.
    [Fact]
    public async Task AKilledGatewayLeavesAWholeTrail()
    {
        string program = Path.Combine(Golden.RepositoryRoot(), "artifacts", "bin", "SafeRlhfV.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name,
            "safe-rlhf-v.dll");
        Assert.SkipUnless(File.Exists(program), $"{program} is not built");
        using TemporaryFolder folder = new();
        await using StubUpstream upstream = await StubUpstream.StartAsync();
        await File.WriteAllTextAsync(folder.At("gateway.yaml"), $"""
            listen: http://127.0.0.1:0
            moderators: [ {"{"} kind: patterns, category: dangerous_behavior, keywords: [ forbidden ] {"}"} ]
            upstreams: [ {"{"} name: u, endpoint: "{upstream.Endpoint}" {"}"} ]
            models: [ {"{"} name: ours, upstreams: [ u ] {"}"} ]
            keys: [ {"{"} name: k, hash: {KeyRing.Hash("key")} {"}"} ]
            audit: {"{"} trail: "sqlite:audit.db" {"}"}
            """);
        ProcessStartInfo start = new("dotnet", [program, "serve", "--config", folder.At("gateway.yaml")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true
        };
        using Process process = Process.Start(start)!;
        Task<string?> ReadAsync() => process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        try
        {
            string? line = await ReadAsync();
            if (line?.StartsWith("warn: ", StringComparison.Ordinal) == true) // that no moderator sees images
            {
                Assert.Contains("sees images", line);
                line = await ReadAsync();
            }
            Assert.StartsWith("serving on ", line);
            using HttpClient http = new() { BaseAddress = new(line!.Split(' ')[2].TrimEnd(';')) };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "key");
            int answered = 0;
            Task[] callers = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        using HttpResponseMessage response = await http.PostAsync(
                            "/v1/chat/completions", new StringContent("""{"model":"ours","messages":[{"role":"user","content":"Hi"}]}""", Encoding.UTF8,
                                "application/json"));
                        if (response.StatusCode == System.Net.HttpStatusCode.OK) Interlocked.Increment(ref answered);
                    }
                }
                catch (HttpRequestException)
                {
                    // killed
                }
            }))];
            while (Volatile.Read(ref answered) < 100) await Task.Delay(20);
            process.Kill();
            await Task.WhenAll(callers);
            await process.WaitForExitAsync();
            await using AuditDatabase database = AuditDatabase.Of($"sqlite:{folder.At("audit.db")}");
            AuditReader reader = new(database);
            Assert.Empty((await reader.VerifyAsync()).Faults);
            int ended = (await reader.LatestAsync(1_000_000)).Count(record => record.Kind == "end");
            Assert.InRange(ended, answered, answered + 16);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
