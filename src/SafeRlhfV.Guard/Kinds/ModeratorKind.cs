namespace SafeRlhfV.Guard;

/// <summary>
/// A kind of moderator that settings can name. A new kind derives from this and is listed in <see cref="ModeratorKinds"/>; the gateway's file and the guard
/// verbs of the command line read it from there.
/// </summary>
public abstract class ModeratorKind
{
    /// <summary>Its name in settings, such as patterns or openai.</summary>
    public abstract string Name { get; }

    /// <summary>The option of the guard verbs that chooses it; null = the gateway's file alone can name it.</summary>
    public virtual ModeratorOption? Option => null;

    /// <summary>Reads the settings of one moderator; what is wrong becomes a fault of the section.</summary>
    /// <param name="section">The settings; the key <c>kind</c> is read already.</param>
    /// <param name="folder">What paths are relative to.</param>
    public abstract ModeratorSettings Read(YamlSection section, string folder);
}
