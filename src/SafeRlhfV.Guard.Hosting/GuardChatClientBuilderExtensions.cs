using Microsoft.Extensions.Options;
using SafeRlhfV.Guard;
using SafeRlhfV.Guard.Hosting;

namespace Microsoft.Extensions.AI;

/// <summary>Puts the guard into a chat client's pipeline.</summary>
public static class GuardChatClientBuilderExtensions
{
    /// <summary>
    /// Guards all that stands after it in the pipeline, with moderator, policy and observer from the services and the settings of <c>AddGuard</c>, where it
    /// was called.
    /// </summary>
    /// <param name="builder">The pipeline.</param>
    /// <param name="configure">Changes the options, after the settings were applied.</param>
    public static ChatClientBuilder UseGuard(this ChatClientBuilder builder, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use((inner, services) => inner.AsGuarded(services, options =>
        {
            if (services.GetService(typeof(IOptions<GuardSettings>)) is IOptions<GuardSettings> settings) settings.Value.ApplyTo(options);
            configure?.Invoke(options);
        }));
    }

    /// <summary>Guards all that stands after it in the pipeline with a moderator.</summary>
    /// <param name="builder">The pipeline.</param>
    /// <param name="moderator">Judges prompts and answers.</param>
    /// <param name="configure">Changes the options, after the settings were applied.</param>
    public static ChatClientBuilder UseGuard(this ChatClientBuilder builder, IModerator moderator, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(moderator);
        return builder.UseGuard(options =>
        {
            options.Moderator = moderator;
            configure?.Invoke(options);
        });
    }
}
