using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace SafeRlhfV.Inference;

/// <summary>ShieldGemma 2 on this machine as a guard model: the probabilities of Yes and No, of all questions about an image in one pass.</summary>
internal sealed class LocalShieldGemma(ShieldGemma guard, ModelProcessor processor) : IGuardModel, IDisposable
{
    private readonly ModelGate gate = new();

    public IReadOnlyDictionary<string, string> Policies => guard.Policies;

    public async Task<GuardModelReply> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken) =>
        (await AskAllAsync([messages], maxTokens, cancellationToken).ConfigureAwait(false))[0];

    public Task<IReadOnlyList<GuardModelReply>> AskAllAsync(IReadOnlyList<IReadOnlyList<ChatMessage>> questions, int maxTokens,
        CancellationToken cancellationToken) => gate.RunAsync<IReadOnlyList<GuardModelReply>>(() =>
            [.. guard.Violations([.. questions.Select(messages => processor.EncodePrompt(ChatTurns.Of(messages)))], cancellationToken).Select(Reply)],
            cancellationToken);

    public void Dispose() => gate.Dispose();

    private static GuardModelReply Reply(float violation)
    {
        string text = violation >= 0.5f ? "Yes" : "No";
        return new(text, [new GuardModelToken(text, [("Yes", Math.Log(violation)), ("No", Math.Log(1 - (double)violation))])]);
    }
}
