using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class GuardServicesTests
{
    [Fact]
    public async Task ModeratorPolicyAndObserverComeFromTheServices()
    {
        PatternModerator moderator = new([PatternRule.ForKeyword("animal_abuse", Severity.Severe, "falcon")]);
        GuardPolicy policy = GuardPolicy.Default with { Version = "of the services", PromptRefusal = "no" };
        RecordingObserver observer = new();
        Services services = new() { [typeof(IModerator)] = moderator, [typeof(GuardPolicy)] = policy, [typeof(IGuardObserver)] = observer };
        using GuardedChatClient client = new StubChatClient("fine").AsGuarded(services);
        ChatResponse response = await client.GetResponseAsync("the falcon", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("no", Refusal(response));
        Assert.Equal("of the services", response.GetGuardReport()!.PolicyVersion);
        Assert.Single(observer.Ends);
        using GuardedChatClient own = new StubChatClient("fine").AsGuarded(services, options => options.Policy = () => GuardPolicy.Default);
        Assert.NotEqual("no", Refusal(await own.GetResponseAsync("the falcon", cancellationToken: TestContext.Current.CancellationToken)));
    }

    private static string Refusal(ChatResponse response) => Assert.Single(response.Messages[^1].Contents.OfType<ErrorContent>()).Message;

    [Fact]
    public void NothingIsGuardedWithNothing()
    {
        Assert.Throws<ArgumentNullException>(() => new StubChatClient("a").AsGuarded((IModerator)null!));
        Assert.Throws<ArgumentNullException>(() => new StubChatClient("a").AsGuarded((IServiceProvider)null!));
        Assert.Throws<ArgumentNullException>(() => ((IChatClient)null!).AsGuarded(new Services()));
    }

    private sealed class Services : Dictionary<Type, object>, IServiceProvider
    {
        public object? GetService(Type serviceType) => this.GetValueOrDefault(serviceType);
    }
}
