namespace SafeRlhfV.Guard;

/// <summary>An option of the guard verbs that stands for a kind of moderator.</summary>
/// <param name="Name">The option, such as --guard.</param>
/// <param name="Key">The key of the settings that its value is, such as checkpoint.</param>
/// <param name="Value">What its value is, in one word for messages, such as FOLDER.</param>
/// <param name="Description">What it is, for the help.</param>
public sealed record ModeratorOption(string Name, string Key, string Value, string Description)
{
    /// <summary>Its value is a service's address; the settings have <c>model</c> and <c>key_env</c> besides.</summary>
    public bool IsService { get; init; }

    /// <summary>The service's model must be named.</summary>
    public bool NeedsModel { get; init; }
}
