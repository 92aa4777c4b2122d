using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>What the host of moderators lends them.</summary>
/// <param name="Http">Sends requests to services, with the host's retries; the host disposes of it.</param>
/// <param name="OpenChat">Opens a model of an OpenAI-compatible service by address, model and key.</param>
public sealed record ModeratorParts(HttpClient Http, Func<Uri, string, string?, IChatClient> OpenChat)
{
    /// <summary>Opens a chat model's checkpoint by its folder; a program that runs none refuses.</summary>
    public Func<string, IChatClient> OpenCheckpoint { get; init; } = folder =>
        throw new InvalidInputException($"{folder}: this program runs no local checkpoints; name an endpoint instead.");

    /// <summary>
    /// All moderators of the host together, for one that gives them what it finds, such as words in images; asked for when it judges. Null where the host has
    /// one alone.
    /// </summary>
    public Func<IModerator>? All { get; init; }

    /// <summary>Categories beside the twenty that a judge should look for.</summary>
    public IReadOnlyList<OwnCategory> OwnCategories { get; init; } = [];
}
