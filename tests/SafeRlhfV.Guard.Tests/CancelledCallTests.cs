
namespace SafeRlhfV.Guard.Tests;

/// <summary>A call that its caller has cancelled ends as cancelled, whatever it fails with, such as a connection that was reset.</summary>
public sealed class CancelledCallTests
{
    private static readonly ModerationRequest[] Requests = [new("question")];

    [Fact]
    public Task AChatModeratorIsCancelled() => IsCancelledAsync((fail, stop) => new ChatModerator(Model(fail)).ModerateAsync(Requests, stop));

    [Fact]
    public Task ATemplateModeratorIsCancelled() => IsCancelledAsync((fail, stop) =>
        new TemplateModerator(new ChatGuardModel(Model(fail)), GuardProfiles.All.First()).ModerateAsync(Requests, stop));

    [Fact]
    public Task AnInjectionGuardIsCancelled() => IsCancelledAsync((fail, stop) =>
        new InjectionGuard([new Judge(fail)]).JudgeAsync([new(InjectionSide.Prompt, "text")], TimeSpan.FromMinutes(1), stop));

    [Fact]
    public Task ARetriedCallIsCancelled() => IsCancelledAsync(async (fail, stop) =>
    {
        using HttpMessageInvoker http = new(new RetryHandler(new ServiceRetry { Retries = 0 }, new Handler(fail), stops: true));
        using HttpRequestMessage request = new(HttpMethod.Get, "http://service.test/");
        await http.SendAsync(request, stop);
    });

    private static async Task IsCancelledAsync(Func<Func<Exception>, CancellationToken, Task> call)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call(() =>
        {
            stop.Cancel();
            return new HttpRequestException("reset");
        }, stop.Token));
    }

    private static StubChatClient Model(Func<Exception> fail) => new((_, _) => throw fail());

    private sealed class Judge(Func<Exception> fail) : IInjectionJudge
    {
        public string Name => "judge";

        public Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<InjectionText> texts, CancellationToken cancellationToken = default) => throw fail();
    }

    private sealed class Handler(Func<Exception> fail) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw fail();
    }
}
