using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SafeRlhfV.Guard;
using SafeRlhfV.Guard.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the guard to a service collection.</summary>
public static class GuardServiceCollectionExtensions
{
    /// <summary>
    /// Adds the guard's settings, checked when the program starts. <c>UseGuard</c> then finds them, and among the services the <see cref="IModerator"/>, and
    /// where they are there the <see cref="PolicyFile"/> or <see cref="GuardPolicy"/> and the <see cref="IGuardObserver"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the settings.</param>
    public static IServiceCollection AddGuard(this IServiceCollection services, Action<GuardSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<GuardSettings> options = services.AddOptions<GuardSettings>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GuardSettings>, GuardSettingsValidation>());

        // null where the settings name no file: the policy is left to the services then
        services.TryAddSingleton(provider =>
            provider.GetRequiredService<IOptions<GuardSettings>>().Value.PolicyFile is { } path ? new PolicyFile(path) : null!);
        return services;
    }

    /// <summary>Adds the guard with settings from a configuration section, such as <c>configuration.GetSection("Guard")</c>.</summary>
    /// <remarks>A key that <see cref="GuardSettings"/> does not have is an error when the program starts.</remarks>
    /// <param name="services">The services.</param>
    /// <param name="section">The section.</param>
    public static IServiceCollection AddGuard(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.AddGuard().AddOptions<GuardSettings>().Bind(section, binder => binder.ErrorOnUnknownConfiguration = true);
        return services;
    }
}
