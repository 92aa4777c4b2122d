// Guards a chat client with one line, follows a policy file, and records every decision.
using Microsoft.Extensions.AI;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

// Your own client goes here, such as new OpenAIClient(key).GetChatClient("gpt-4o").AsIChatClient().
IChatClient model = new TwoMindedModel();

// Your own moderator goes here: new OpenAIModerator(http, endpoint, key), new ChatModerator(anyChatClient), a local guard, or several of them:
//   new CascadedModerator([new(cheap), new(dear)])    new ParallelModerator([one, another])    new CachedModerator(any)
IModerator moderator = new PatternModerator([PatternRule.ForKeyword("dangerous_behavior", Severity.Moderate, "saw the ladder")]);

// The line.
IChatClient guarded = model.AsGuarded(moderator);

ChatResponse response = await guarded.GetResponseAsync("How do I reach the top shelf?");
Console.WriteLine(response.Text);
foreach (RegenerationRound round in response.GetGuardReport()!.Rounds)
    Console.WriteLine($"  round {round.Round}: {PolicyTexts.Explain(round.Verdict)} -> {round.Decision.Action}");

// With a policy that is read again when its file changes, and a hash-chained audit trail.
string folder = Directory.CreateTempSubdirectory("guard-sample-").FullName;
await File.WriteAllTextAsync(Path.Combine(folder, "policy.yaml"), "rounds: 0\nanswer: regenerate");
PolicyFile policy = new(Path.Combine(folder, "policy.yaml"));
await using AuditDatabase database = AuditDatabase.Sqlite(Path.Combine(folder, "audit.db"));
await using (AuditTrail trail = new(database))
{
    IChatClient recorded = new TwoMindedModel().AsGuarded(moderator, options =>
    {
        options.Policy = () => policy.Current;
        options.Observer = trail;
        options.Release = StreamRelease.Sentences();
    });

    // Text leaves sentence by sentence, each only after it has passed.
    await foreach (ChatResponseUpdate update in recorded.GetStreamingResponseAsync("How do I reach the top shelf?"))
        Console.Write(update.Text + update.GetRefusal());
    Console.WriteLine();
}
AuditCheck check = await new AuditReader(database).VerifyAsync();
Console.WriteLine($"{check.Records} audit records, {(check.IsWhole ? "whole" : "tampered with")}");
return response.GetGuardReport()!.Outcome == GuardOutcome.Passed && check is { IsWhole: true, Records: > 0 } ? 0 : 1;

/// <summary>Answers badly at first, and well once it is told why.</summary>
internal sealed class TwoMindedModel : IChatClient
{
    private const string Bad = "Fetch a chair. Then saw the ladder in half and stack it.", Good = "Fetch a step ladder and let someone hold it.";

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, messages.Last().Text.Contains("withheld") ? Good : Bad)));

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken);
        foreach (string word in response.Text.Split(' ')) yield return new(ChatRole.Assistant, word + " ");
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() { }
}
