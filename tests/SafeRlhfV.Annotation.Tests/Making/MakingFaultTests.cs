using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation.Tests;

public sealed class MakingFaultTests
{
    private const string Key = "sk-a-secret-that-no-log-may-hold-0123456789";

    public static TheoryData<string, bool> Faults =>
        new(from kind in (string[])["429", "500", "503", "garbled", "empty", "dropped", "silent", "unfinished",
            "html"]
            from stream in (bool[])[true, false]
            select (kind, stream));

    [Theory, MemberData(nameof(Faults))]
    public async Task EveryThirdCallFailsOnceAndTheDataSetIsWhole(string kind, bool stream)
    {
        await using MakingCase one = await MakingCase.StartAsync(2);
        // on a busy machine a sound call may take long: a time-out comes only where the service is silent, and then no other call is under way
        PatientClock clock = new();
        ConcurrentDictionary<string, bool> spoilt = [];
        one.Server.Fault = async (http, body, number) =>
            number % 3 == 1 && spoilt.TryAdd(FakeChatServer.HashOf(body), true) && await SpoilAsync(kind, http, body, clock);
        MakingReport report = await one.RunAsync(one.Settings(endpoint: $", stream: {(stream ? "true" : "false")}, timeout: 60s, idle_timeout: 30s",
            repeats: 1, concurrency: kind == "silent" ? 1 : 4), clock: clock);
        Assert.True(report.IsComplete, string.Join("; ", report.Failures));
        clock.PassLate();
        Assert.Equal(4, report.Pairs);
        Assert.NotEmpty(spoilt);
        Assert.Equal(spoilt.Count, report.Tally.Values.Sum(tally => tally.FailedAttempts));
        Assert.Equal(4 + 8 + 8, one.Server.Answered.Count);
        Assert.Equal(one.Server.Answered.Count, one.Server.Answered.Distinct().Count()); // no answer was asked for twice
        Assert.Equal(spoilt.Count, one.Audit().Count(line => JsonNode.Parse(line)!["outcome"]!.GetValue<string>() != "answered"));
        Assert.DoesNotContain(DatasetValidator.Check(one.Target).Findings, finding => finding.Severity == FindingSeverity.Error);
    }

    [Fact]
    public async Task SlowStreamsAreWaitedForAsLongAsTheySpeak()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        one.Server.Fault = async (http, body, _) =>
        {
            await FakeChatServer.SendAsync(http, body, one.Server.Reply(body), pause: TimeSpan.FromMilliseconds(60));
            return true;
        };
        MakingReport report = await one.RunAsync(one.Settings(endpoint: ", idle_timeout: 1500ms, timeout: 30s"));
        Assert.Equal(2, report.Pairs);
        Assert.Equal(0, report.Tally.Values.Sum(tally => tally.FailedAttempts));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("date")]
    public async Task RetryAfterIsHonouredByAllCallsToTheService(string form)
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan refused = default;
        ConcurrentQueue<TimeSpan> arrivals = [];
        one.Server.Fault = async (http, _, number) =>
        {
            arrivals.Enqueue(watch.Elapsed);
            if (number != 0) return false;
            refused = watch.Elapsed;
            return await FakeChatServer.ErrorAsync(http, 429, "slow down", "rate_limit_exceeded",
                form == "date" ? DateTimeOffset.UtcNow.AddSeconds(2).ToString("R") : form);
        };
        Assert.Equal(2, (await one.RunAsync(one.Settings())).Pairs);
        // a date has whole seconds, so it asks for one second at least; calls that were under way already do not count
        Assert.DoesNotContain(arrivals, at => at > refused + TimeSpan.FromMilliseconds(200) && at < refused + TimeSpan.FromMilliseconds(950));
        Assert.Contains("\"retry_after_ms\"", string.Concat(one.Audit()));
    }

    [Fact]
    public async Task CallsArePacedEvenly()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        Stopwatch watch = Stopwatch.StartNew();
        await one.RunAsync(one.Settings(endpoint: ", requests_per_minute: 1200")); // one in 50 ms, 14 calls
        Assert.True(watch.Elapsed > TimeSpan.FromMilliseconds(13 * 50 - 20), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task TokensAMinuteAreKept()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        Stopwatch watch = Stopwatch.StartNew();
        // 120 tokens a call: one in 60 ms on average, the last four's are not waited for
        await one.RunAsync(one.Settings(endpoint: ", tokens_per_minute: 120000"));
        Assert.True(watch.Elapsed > TimeSpan.FromMilliseconds(9 * 60), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task AServiceThatStaysDownFailsTheWorkAndTheNextRunMendsIt()
    {
        await using MakingCase one = await MakingCase.StartAsync(2);
        one.Server.Fault = async (http, body, _) => FakeChatServer.RoleOf(body) == "judge" && await FakeChatServer.ErrorAsync(http, 500, "down");
        MakingReport first = await one.RunAsync(one.Settings());
        Assert.False(first.IsComplete);
        Assert.Equal(0, first.Pairs);
        Assert.Contains("server_error, 5 attempts", Assert.Single(first.Failures).Key);
        one.Server.Fault = (_, _, _) => Task.FromResult(false);
        MakingReport second = await one.RunAsync(one.Settings());
        Assert.Equal(4, second.Pairs);
        Assert.Equal(4 + 8 + 16, one.Server.Answered.Count);
    }

    [Fact]
    public async Task AServiceThatCannotBeReachedEndsTheRunWithOneLine()
    {
        await using MakingCase one = await MakingCase.StartAsync(3);
        await one.Server.DisposeAsync();
        ServiceException error = await Assert.ThrowsAsync<ServiceException>(() => one.RunAsync(one.Settings()));
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.False(Directory.Exists(one.Target));
    }

    // the same model's name at another service is another model
    [Fact]
    public async Task AnswersOfAnotherServiceAreNotUsed()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        await one.RunAsync(one.Settings());
        int asked = one.Server.Requests.Count;
        await using FakeChatServer other = await FakeChatServer.StartAsync();
        Assert.Equal(2, (await one.RunAsync(one.Settings(address: other.Address))).Pairs);
        Assert.Equal((asked, asked), (one.Server.Requests.Count, other.Requests.Count));
    }

    [Fact]
    public async Task ARefusedRequestCostsItsOwnPairOnly()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        int refused = 0;
        one.Server.Fault = async (http, body, _) =>
            FakeChatServer.RoleOf(body) == "answer" && Interlocked.Increment(ref refused) == 1
            && await FakeChatServer.ErrorAsync(http, 400, "this content is not allowed", "content_policy_violation");
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal(1, report.Pairs);
        Assert.Contains("refused, 1 attempts", Assert.Single(report.Failures).Key);
    }

    [Theory]
    [InlineData(401, "invalid_api_key")]
    [InlineData(404, "model_not_found")]
    [InlineData(429, "insufficient_quota")]
    public async Task AServiceThatRefusesEverythingStopsTheRunAtOnceWithOneLine(int status, string code)
    {
        await using MakingCase one = await MakingCase.StartAsync(3);
        one.Server.Fault = (http, _, _) => FakeChatServer.ErrorAsync(http, status, $"no: {code}", code);
        ServiceException error = await Assert.ThrowsAsync<ServiceException>(() => one.RunAsync(one.Settings()));
        Assert.Matches(@"endpoint fake \(http://127[^ ]+\) refuses", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(one.Server.Requests.Count, 1, 4);
        Assert.False(Directory.Exists(one.Target));
    }

    [Fact]
    public async Task TheKeyIsSentAndStandsInNoFileAndNoMessageEvenWhereTheServiceRepeatsIt()
    {
        const string Variable = "SAFERLHFV_TEST_MAKING_KEY";
        Environment.SetEnvironmentVariable(Variable, Key);
        await using MakingCase one = await MakingCase.StartAsync(1);
        MakingSettings settings = one.Settings(endpoint: $", key_env: {Variable}");
        int calls = 0;
        one.Server.Fault = async (http, _, number) =>
            number % 4 == 0 && await FakeChatServer.ErrorAsync(http, 500,
                $"Incorrect key provided: {new string('x', 280)} {http.Request.Headers.Authorization}");
        one.Server.Reply = body => FakeChatServer.RoleOf(body) == "answer" && Interlocked.Increment(ref calls) > 0
            ? $"{FakeChatServer.Play(body)} {Key}"
            : FakeChatServer.Play(body);
        MakingReport report = await one.RunAsync(settings);
        Assert.Equal(2, report.Pairs);
        Assert.All(one.Server.Keys, header => Assert.Equal($"Bearer {Key}", header));
        one.Server.Fault = (http, _, _) => FakeChatServer.ErrorAsync(http, 401, $"Incorrect key provided: {Key}");
        File.WriteAllBytes(Path.Combine(one.Images, "new.png"), MakingCase.Image(5));
        ServiceException error = await Assert.ThrowsAsync<ServiceException>(() => one.RunAsync(settings));
        Assert.Contains("***", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key[..12], error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, settings.ToString(), StringComparison.Ordinal);
        string[] files = [.. Directory.EnumerateFiles(one.Working, "*", SearchOption.AllDirectories),
            .. Directory.EnumerateFiles(one.Target, "*", SearchOption.AllDirectories)];
        Assert.True(files.Length >= 5);
        foreach (string file in files)
            Assert.DoesNotContain(Key[..12], System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoppedByHandItKeepsTheCallsUnderWay()
    {
        await using MakingCase one = await MakingCase.StartAsync(3);
        one.Server.Delay = TimeSpan.FromMilliseconds(150);
        using CancellationTokenSource stop = new();
        one.Server.Fault = (_, _, number) =>
        {
            if (number == 9) stop.CancelAfter(50);
            return Task.FromResult(false);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one.RunAsync(one.Settings(), stop.Token));
        Assert.Equal(one.Server.Requests.Count, File.ReadAllLines(Path.Combine(one.Working, "journal.jsonl")).Length);
        one.Server.Delay = TimeSpan.Zero;
        Assert.Equal(6, (await one.RunAsync(one.Settings())).Pairs);
        Assert.Equal(6 + 12 + 24, one.Server.Requests.Count);
    }

    [Fact]
    public async Task AJournalCutShortAnywhereLosesAtMostTheLineThatWasBeingWritten()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        await one.RunAsync(one.Settings());
        string journal = Path.Combine(one.Working, "journal.jsonl");
        byte[] whole = File.ReadAllBytes(journal);
        foreach (int cut in (int[])[1, 17, whole.Length / 2, whole.Length - 1])
        {
            int asked = one.Server.Requests.Count;
            File.WriteAllBytes(journal, whole[..cut]);
            int kept = whole[..cut].Count(letter => letter == '\n');
            Assert.Equal(2, (await one.RunAsync(one.Settings())).Pairs);
            Assert.Equal(14 - kept, one.Server.Requests.Count - asked);
        }
    }

    [Fact]
    public async Task TwoRunsInOneFolderAreKeptApart()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        one.Server.Delay = TimeSpan.FromMilliseconds(300);
        Task<MakingReport> first = one.RunAsync(one.Settings());
        while (one.Server.Requests.IsEmpty) await Task.Delay(10, TestContext.Current.CancellationToken);
        InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(() => one.RunAsync(one.Settings()));
        Assert.Contains("another run", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await first).Pairs);
    }

    private static async Task<bool> SpoilAsync(string kind, HttpContext http, JsonObject body, PatientClock clock)
    {
        switch (kind)
        {
            case "429": return await FakeChatServer.ErrorAsync(http, 429, "slow down", "rate_limit_exceeded", "0");
            case "500" or "503": return await FakeChatServer.ErrorAsync(http, int.Parse(kind), "down");
            case "garbled":
                http.Response.ContentType = body["stream"]?.GetValue<bool>() == true ? "text/event-stream" : "application/json";
                await http.Response.WriteAsync(body["stream"]?.GetValue<bool>() == true
                    ? "data: {\"id\": \"x\", \"choices\": [{\n\n"
                    : "{\"id\": \"x\", \"choices\": [{");
                return true;
            case "html":
                http.Response.ContentType = "text/html";
                await http.Response.WriteAsync("<html>a proxy's page</html>");
                return true;
            case "empty": return true;
            case "dropped":
                await http.Response.Body.FlushAsync();
                if (body["stream"]?.GetValue<bool>() == true) await FakeChatServer.SendAsync(http, body, new string('x', 100), breakAfter: 2);
                else http.Abort();
                return true;
            case "unfinished":
                http.Response.ContentType = body["stream"]?.GetValue<bool>() == true ? "text/event-stream" : "application/json";
                await http.Response.WriteAsync(body["stream"]?.GetValue<bool>() == true
                    ? "data: "
                        + "{\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A half\"},\"finish_reason\":null}]}\n\n"
                    : "{\"id\":\"x\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\"}");
                return true;
            default: // silent
                http.Response.ContentType = "text/event-stream";
                await http.Response.Body.FlushAsync();
                clock.PassNext();
                try { await Task.Delay(TimeSpan.FromMinutes(1), http.RequestAborted); }
                catch (OperationCanceledException) { }
                return true;
        }
    }
}
