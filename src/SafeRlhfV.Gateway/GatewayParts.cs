using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>
/// What a host gives to a gateway: how a chat model's checkpoint is opened, and the clock. The gateway itself runs no models; a host that can,
/// such as <c>safe-rlhf-v serve</c>, says here how. Local guards join by <see cref="SafeRlhfV.Guard.ModeratorKinds"/>.
/// </summary>
public sealed record GatewayParts
{
    /// <summary>Opens a chat model's checkpoint or adapter by its folder. Without one, an upstream with a checkpoint is refused.</summary>
    public Func<string, IChatClient> OpenChat { get; init; } = folder =>
        throw new InvalidInputException($"{folder}: this gateway runs no local checkpoints; start it with 'safe-rlhf-v serve', or name an endpoint instead of "
            + "a checkpoint.");

    /// <summary>
    /// Decodes all that an image's file can show: its frames (at most so many), and what is transparent on different backgrounds. Without it animations are
    /// refused, and transparency is judged as the moderators see it.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, int, IEnumerable<RgbImage>>? ShowImage { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
