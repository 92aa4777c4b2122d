using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>A model that a <see cref="TemplateModerator"/> asks.</summary>
public interface IGuardModel
{
    /// <summary>The model's answer to messages, taken greedily.</summary>
    /// <param name="messages">The messages; images in them come with their bytes.</param>
    /// <param name="maxTokens">The most tokens of the answer.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FormatException">The answer cannot be read, or was cut.</exception>
    Task<GuardModelReply> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken);

    /// <summary>Policies that the model's own files name, for a profile that asks about each by itself; empty: they name none.</summary>
    IReadOnlyDictionary<string, string> Policies => new Dictionary<string, string>();

    /// <summary>The answers to several questions, in their order; a model that can answers them together.</summary>
    /// <param name="questions">The messages of each.</param>
    /// <param name="maxTokens">The most tokens of an answer.</param>
    /// <param name="cancellationToken">Ends the calls.</param>
    /// <exception cref="FormatException">An answer cannot be read, or was cut.</exception>
    async Task<IReadOnlyList<GuardModelReply>> AskAllAsync(IReadOnlyList<IReadOnlyList<ChatMessage>> questions, int maxTokens,
        CancellationToken cancellationToken) =>
        await Task.WhenAll(questions.Select(messages => AskAsync(messages, maxTokens, cancellationToken))).ConfigureAwait(false);
}
