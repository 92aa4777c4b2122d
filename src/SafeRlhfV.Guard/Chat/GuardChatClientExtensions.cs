using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Guard;

/// <summary>Puts the guard around a chat client.</summary>
public static class GuardChatClientExtensions
{
    /// <summary>Guards the client with a moderator: <c>client.AsGuarded(moderator)</c>.</summary>
    /// <param name="client">The client to guard.</param>
    /// <param name="moderator">Judges prompts and answers.</param>
    /// <param name="configure">Changes the settings.</param>
    public static GuardedChatClient AsGuarded(this IChatClient client, IModerator moderator, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(moderator);
        GuardOptions options = new() { Moderator = moderator };
        configure?.Invoke(options);
        return new GuardedChatClient(client, options);
    }

    /// <summary>
    /// Guards the client with the <see cref="IModerator"/> among the services, and with their <see cref="PolicyFile"/> or <see cref="GuardPolicy"/> the
    /// <see cref="IGuardObserver"/> and the log (<see cref="ILoggerFactory"/>) where those are there, in the pipeline of a ChatClientBuilder:
    /// <c>builder.Use((inner, services) => inner.AsGuarded(services))</c>.
    /// </summary>
    /// <param name="client">The client to guard.</param>
    /// <param name="services">Where the moderator is found, unless <paramref name="configure"/> sets one.</param>
    /// <param name="configure">Changes the settings.</param>
    /// <exception cref="InvalidOperationException">There is no moderator among the services, and none is set.</exception>
    public static GuardedChatClient AsGuarded(this IChatClient client, IServiceProvider services, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(services);
        GuardOptions options = new()
        {
            Observer = (IGuardObserver?)services.GetService(typeof(IGuardObserver)),
            Log = (services.GetService(typeof(ILoggerFactory)) as ILoggerFactory)?.CreateLogger<GuardedChatClient>(),
        };
        if (services.GetService(typeof(PolicyFile)) is PolicyFile file) options.Policy = () => file.Current;
        else if (services.GetService(typeof(GuardPolicy)) is GuardPolicy policy) options.Policy = () => policy;
        configure?.Invoke(options);
        options.Moderator ??= (IModerator?)services.GetService(typeof(IModerator))
            ?? throw new InvalidOperationException("AsGuarded needs a moderator: pass one, or add an IModerator to the services.");
        return new GuardedChatClient(client, options);
    }
}
