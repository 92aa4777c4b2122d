using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Hosting.Tests;

public sealed class GuardHostingTests
{
    [Fact]
    public async Task TheServicesGuardAChatClient()
    {
        Observer observer = new();
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("policy.yaml"), "name: of the file\nprompt: block\nprompt_refusal: 'no'");
        ServiceCollection services = new();
        services.AddGuard(settings => settings.PolicyFile = folder.At("policy.yaml")).AddSingleton(Finds("falcon")).AddSingleton<IGuardObserver>(observer);
        services.AddChatClient(new Model("fine")).UseGuard();
        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        ChatResponse refused = await provider.GetRequiredService<IChatClient>().GetResponseAsync("the falcon",
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.StartsWith("of the file", refused.GetGuardReport()!.PolicyVersion);
        Assert.Equal(GuardOutcome.PromptRefused, refused.GetGuardReport()!.Outcome);
        Assert.Equal(1, observer.Ends);
    }

    [Fact]
    public async Task ASectionIsBound()
    {
        ServiceCollection services = new();
        services.AddGuard(Section(("CheckPrompts", "false"), ("Stream", "Whole"), ("ModerationTimeout", "00:00:05"))).AddSingleton(Finds("falcon"));
        services.AddChatClient(new Model("fine")).UseGuard();
        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        GuardSettings settings = provider.GetRequiredService<IOptions<GuardSettings>>().Value;
        Assert.Equal((StreamStep.Whole, TimeSpan.FromSeconds(5)), (settings.Stream, settings.ModerationTimeout));
        ChatResponse passed = await provider.GetRequiredService<IChatClient>().GetResponseAsync("the falcon",
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Null(passed.GetGuardReport()!.PromptDecision);
    }

    [Theory]
    [InlineData("ModerationTimeout", "00:00:00", "ModerationTimeout must be above zero")]
    [InlineData("WindowCharacters", "0", "WindowCharacters must be at least 1")]
    [InlineData("HoldBackCharacters", "-1", "HoldBackCharacters must not be below 0")]
    [InlineData("ContextCharacters", "-1", "ContextCharacters must not be below 0")]
    [InlineData("Stream", "7", "Stream must be one of")]
    [InlineData("PolicyFile", "/nowhere/policy.yaml", "/nowhere/policy.yaml")]
    [InlineData("CheckPrompt", "true", "CheckPrompt")]
    [InlineData("CheckPrompts", "perhaps", "CheckPrompts")]
    public void AFaultySettingIsFoundWhenTheProgramStarts(string key, string value, string told)
    {
        ServiceCollection services = new();
        services.AddGuard(Section((key, value))).AddSingleton(Finds("falcon"));
        using ServiceProvider provider = services.BuildServiceProvider();
        Exception fault = Assert.ThrowsAny<Exception>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(told, fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingModeratorIsFoundWhenTheProgramStarts()
    {
        using ServiceProvider provider = new ServiceCollection().AddGuard().BuildServiceProvider();
        OptionsValidationException fault = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains("IModerator", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsGuardedWithNothing()
    {
        ChatClientBuilder builder = new Model("fine").AsBuilder();
        Assert.Throws<ArgumentNullException>(() => builder.UseGuard((IModerator)null!));
        Assert.Throws<ArgumentNullException>(() => ((ChatClientBuilder)null!).UseGuard());
        Assert.Throws<ArgumentNullException>(() => ((ChatClientBuilder)null!).UseGuard(Finds("falcon")));
        Assert.Throws<ArgumentNullException>(() => ((IServiceCollection)null!).AddGuard());
        Assert.Throws<ArgumentNullException>(() => new ServiceCollection().AddGuard((IConfiguration)null!));
        Assert.Throws<InvalidOperationException>(() => builder.UseGuard().Build());
    }

    /// <summary>Text, call, result and answer come to a caller's history in their order, streamed or not, however text is held back.</summary>
    [Theory, InlineData(StreamStep.Sentence, 0), InlineData(StreamStep.Sentence, 40), InlineData(StreamStep.Window, 80), InlineData(StreamStep.Whole, 0)]
    public async Task OutsideFunctionInvocationHistoryKeepsItsOrder(StreamStep step, int holdBack)
    {
        StreamRelease release = step switch
        {
            StreamStep.Whole => StreamRelease.Whole,
            StreamStep.Window => StreamRelease.Windows(20, holdBack),
            _ => StreamRelease.Sentences(holdBack),
        };
        using IChatClient client = new CallingModel().AsBuilder().UseGuard(Finds("falcon"), options => options.Release = release)
            .UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create((string place) => $"sunny in {place}", "weather")] };
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        ChatResponse streamed = await client.GetStreamingResponseAsync("How is the weather?", options, cancellationToken)
            .ToChatResponseAsync(cancellationToken);
        ChatResponse whole = await client.GetResponseAsync("How is the weather?", options, cancellationToken);
        string[] expected = ["assistant: Let me look. I ask the service; call", "tool: result", "assistant: It is sunny. Take a hat."];
        Assert.Equal(expected, whole.Messages.Select(Told));
        Assert.Equal(expected, streamed.Messages.Select(Told));
    }

    private static string Told(ChatMessage message) => $"{message.Role}: " + string.Join("; ", message.Contents.Where(content => content is not UsageContent)
        .Select(content => content switch
        {
            TextContent text => text.Text,
            FunctionCallContent => "call",
            FunctionResultContent => "result",
            _ => content.GetType().Name,
        }));

    private static IConfiguration Section(params (string Key, string Value)[] values)
    {
        ConfigurationBuilder builder = new();
        builder.AddInMemoryCollection(values.Select(pair => new KeyValuePair<string, string?>($"Guard:{pair.Key}", pair.Value)));
        return builder.Build().GetSection("Guard");
    }

    private static IModerator Finds(string word) => new PatternModerator([PatternRule.ForKeyword("animal_abuse", Severity.Severe, word)]);

    private sealed class Observer : IGuardObserver
    {
        public int Ends { get; private set; }

        public ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken) => default;

        public ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken)
        {
            Ends++;
            return default;
        }
    }

    private sealed class CallingModel : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            bool hasResult = messages.Any(message => message.Role == ChatRole.Tool);
            ChatMessage answer = hasResult
                ? new(ChatRole.Assistant, "It is sunny. Take a hat.") { MessageId = "m2" }
                : new(ChatRole.Assistant, [new TextContent("Let me look. I ask the service"),
                    new FunctionCallContent("c1", "weather", new Dictionary<string, object?> { ["place"] = "Rome" })])
                { MessageId = "m1" };
            return Task.FromResult(new ChatResponse(answer) { FinishReason = hasResult ? ChatFinishReason.Stop : ChatFinishReason.ToolCalls });
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            ChatMessage message = (await GetResponseAsync(messages, options, cancellationToken)).Messages[0];
            foreach (AIContent content in message.Contents)
            {
                IEnumerable<AIContent> pieces = content is TextContent text
                    ? text.Text.Chunk(5).Select(piece => new TextContent(new string(piece)))
                    : [content];
                foreach (AIContent piece in pieces) yield return new(ChatRole.Assistant, [piece]) { MessageId = message.MessageId };
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }

    private sealed class Model(string answer) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)));

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
