using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace SafeRlhfV.Guard.Hosting;

/// <summary>Finds all faults of the settings when the program starts, a missing moderator and a faulty policy file among them.</summary>
internal sealed class GuardSettingsValidation(IServiceProvider services) : IValidateOptions<GuardSettings>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, GuardSettings options)
    {
        List<string> faults = [];
        if (services.GetService(typeof(IServiceProviderIsService)) is IServiceProviderIsService known && !known.IsService(typeof(IModerator)))
            faults.Add("AddGuard needs a moderator: add an IModerator to the services.");
        if (options.ModerationTimeout <= TimeSpan.Zero) faults.Add("ModerationTimeout must be above zero.");
        if (!Enum.IsDefined(options.Stream)) faults.Add($"Stream must be one of {string.Join(", ", Enum.GetNames<StreamStep>())}.");
        if (options.WindowCharacters < 1) faults.Add("WindowCharacters must be at least 1.");
        if (options.HoldBackCharacters < 0) faults.Add("HoldBackCharacters must not be below 0.");
        if (options.ContextCharacters < 0) faults.Add("ContextCharacters must not be below 0.");
        if (options.PolicyFile is { } file)
        {
            try
            {
                PolicyReader.Load(file);
            }
            catch (InvalidInputException error)
            {
                faults.Add(error.Message);
            }
        }
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
