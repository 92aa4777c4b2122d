namespace SafeRlhfV.Guard;

/// <summary>A moderator that judges nothing itself but asks others. Where all of them fail closed, it needs no wrapper and no time limit of its own.</summary>
internal interface IComposedModerator : IModerator
{
    /// <summary>The moderators that it asks, as it has wrapped them.</summary>
    IReadOnlyList<IModerator> Parts { get; }
}
