using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>What a gateway cannot make by itself, since it needs models on this machine.</summary>
public sealed record GatewayParts
{
    /// <summary>Opens a chat model's checkpoint by its folder; null where local upstreams are not to be had.</summary>
    public Func<string, IChatClient>? OpenChat { get; init; }

    /// <summary>Opens a guard's checkpoint by its folder; null where local moderators are not to be had.</summary>
    public Func<string, IModerator>? OpenModerator { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
