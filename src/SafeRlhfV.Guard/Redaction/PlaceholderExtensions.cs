using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Finds the placeholders of a request, for clients that send something else than the messages to their model.</summary>
public static class PlaceholderExtensions
{
    /// <summary>The placeholders of the request that these options belong to; null where the policy redacts nothing.</summary>
    public static Placeholders? GetPlaceholders(this ChatOptions? options) => RedactedMessages.In(options);
}
