using Microsoft.Extensions.AI;
using SafeRlhfV.Core;

namespace SafeRlhfV.Gateway;

/// <summary>
/// What a host gives to a gateway: how checkpoints on this machine are opened, and the clock. The gateway itself runs no models; a host that can,
/// such as <c>safe-rlhf-v serve</c>, registers them here.
/// </summary>
public sealed record GatewayParts
{
    /// <summary>Opens a chat model's checkpoint or adapter by its folder. Without one, an upstream with a checkpoint is refused.</summary>
    public Func<string, IChatClient> OpenChat { get; init; } = folder => throw NotRegistered(folder);

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    private static InvalidInputException NotRegistered(string folder) =>
        new($"{folder}: this gateway runs no local checkpoints; start it with 'safe-rlhf-v serve', or name an endpoint instead of a checkpoint.");
}
