using Microsoft.Extensions.AI;
using SafeRlhfV.Inference;

namespace SafeRlhfV.Gateway;

/// <summary>How a gateway opens models on this machine, and its clock: what a test or a host may put in its place.</summary>
public sealed record GatewayParts
{
    /// <summary>Opens a chat model's checkpoint or adapter by its folder.</summary>
    public Func<string, IChatClient> OpenChat { get; init; } = folder => LocalChatClient.Load(folder);

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
