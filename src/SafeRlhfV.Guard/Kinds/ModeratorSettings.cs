namespace SafeRlhfV.Guard;

/// <summary>The settings of one moderator; each kind derives its own.</summary>
public abstract record ModeratorSettings
{
    /// <summary>It is a model on this machine, so that requests of several callers are judged together.</summary>
    public virtual bool IsLocal => false;

    /// <summary>Opens the moderator; dispose it where it can be.</summary>
    /// <exception cref="InvalidInputException">It cannot be opened.</exception>
    public abstract IModerator Open(ModeratorParts parts);
}
