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
}
