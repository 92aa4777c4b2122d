using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Guard.Tests;

public sealed class GuardTelemetryTests
{
    [Fact]
    public async Task SpansAndFindingsAreChildrenOfTheChatAndHoldNoTexts()
    {
        (Activity chat, Activity[] spans) = await AskAsync("the falcon");
        Activity span = Assert.Single(spans, span => span.DisplayName == "run_guardrail scripted");
        Assert.Equal((ActivityKind.Internal, chat.SpanId), (span.Kind, span.ParentSpanId));
        Assert.Equal("run_guardrail", span.GetTagItem("gen_ai.operation.name"));
        Assert.Equal(("llm_input", "deny"), (span.GetTagItem("gen_ai.security.target.type"), span.GetTagItem("gen_ai.security.verdict.type")));
        Assert.Equal("dangerous_behavior", span.GetTagItem("gen_ai.security.risk.finding"));
        ActivityEvent finding = Assert.Single(chat.Events, one => one.Name == "gen_ai.security.finding");
        Dictionary<string, object?> tags = finding.Tags.ToDictionary();
        Assert.Equal(("block", "default"), (tags["gen_ai.security.action.type"], tags["gen_ai.security.policy.id"]));
        Assert.DoesNotContain(spans.Append(chat).SelectMany(one => one.TagObjects).Concat(finding.Tags),
            tag => tag.Value?.ToString()?.Contains("falcon", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task TextsStandInSpansOnlyWhereThatWasAskedFor()
    {
        GuardTelemetry.EnableSensitiveData = true;
        try
        {
            (_, Activity[] spans) = await AskAsync("the falcon");
            Assert.Contains(spans, span => (span.GetTagItem("gen_ai.security.content.input.value") as string) == "the falcon");
        }
        finally
        {
            GuardTelemetry.EnableSensitiveData = false;
        }
    }

    [Fact]
    public async Task AFailedModeratorIsAnErrorWithoutItsWords()
    {
        ScriptedModerator failing = new(_ => throw new IOException("the secret way is blocked")) { };
        (_, Activity[] spans) = await AskAsync("a dove", failing);
        Activity span = Assert.Single(spans);
        Assert.Equal((ActivityStatusCode.Error, "moderator_failed"), (span.Status, span.GetTagItem("error.type")));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString()?.Contains("secret", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task FiguresAreCounted()
    {
        ConcurrentQueue<(string Name, KeyValuePair<string, object?>[] Tags)> measured = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == GuardTelemetry.SourceName) listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => measured.Enqueue((instrument.Name, tags.ToArray())));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => measured.Enqueue((instrument.Name, tags.ToArray())));
        listener.Start();
        using GuardedChatClient client = new StubChatClient("fine").AsGuarded(new PatternModerator([]));
        await client.GetResponseAsync("a dove", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains(measured, one => one.Name == "saferlhfv.guard.moderation.duration");
        Assert.Contains(measured, one => one.Name == "saferlhfv.guard.decisions" && one.Tags.Contains(new("gen_ai.security.action.type", "allow")));
    }

    [Fact]
    public async Task TheLogSaysWhatWasDecidedAndNotWhatWasSaid()
    {
        Lines log = new();
        using GuardedChatClient client = new StubChatClient("fine").AsGuarded(ScriptedModerator.Finds("falcon"), options => options.Log = log);
        ChatResponse response = await client.GetResponseAsync("the falcon", cancellationToken: TestContext.Current.CancellationToken);
        string line = Assert.Single(log);
        Assert.Contains(response.GetGuardReport()!.Id, line, StringComparison.Ordinal);
        Assert.Contains("dangerous_behavior", line, StringComparison.Ordinal);
        Assert.DoesNotContain("falcon", line, StringComparison.Ordinal);

        log.Clear();
        using GuardedChatClient unrecorded = new StubChatClient("fine").AsGuarded(new PatternModerator([]), options =>
        {
            options.Log = log;
            options.Observer = new RecordingObserver(failPrompt: true);
        });
        await unrecorded.GetResponseAsync("a dove", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains(log, text => text.Contains("does not record (IOException)", StringComparison.Ordinal));
    }

    private static async Task<(Activity Chat, Activity[] Spans)> AskAsync(string question, IModerator? moderator = null)
    {
        using ActivitySource source = new("test chat " + Guid.NewGuid());
        ConcurrentQueue<Activity> stopped = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = one => one.Name == GuardTelemetry.SourceName || one.Name == source.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using Activity chat = source.StartActivity("chat")!;
        using GuardedChatClient client = new StubChatClient("fine").AsGuarded(moderator ?? ScriptedModerator.Finds("falcon"));
        await client.GetResponseAsync(question, cancellationToken: TestContext.Current.CancellationToken);
        chat.Stop();
        return (chat, [.. stopped.Where(one => one.TraceId == chat.TraceId && one != chat)]);
    }

    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add(formatter(state, exception));
    }
}
