using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace SafeRlhfV.Guard;

/// <summary>Adds the guard to a chat client's pipeline.</summary>
public static class GuardChatClientBuilderExtensions
{
    /// <summary>Guards the client with a moderator: <c>client.AsBuilder().UseGuard(moderator).Build()</c>.</summary>
    /// <param name="builder">The pipeline.</param>
    /// <param name="moderator">Who judges; where null, the <see cref="IModerator"/> among the services.</param>
    /// <param name="configure">Changes the settings.</param>
    /// <exception cref="InvalidOperationException">When building: no moderator is given, and none is among the services.</exception>
    public static ChatClientBuilder UseGuard(this ChatClientBuilder builder, IModerator? moderator = null, Action<GuardOptions>? configure = null) =>
        builder.Use((inner, services) =>
        {
            GuardOptions options = new() { Moderator = moderator };
            configure?.Invoke(options);
            options.Moderator ??= services.GetService<IModerator>()
                ?? throw new InvalidOperationException("UseGuard needs a moderator: pass one, or add an IModerator to the services.");
            return new GuardedChatClient(inner, options);
        });
}
