using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// A content of a program's own kind that says itself what of it is to be judged. Any other kind that the guard does not know is refused unless
/// <see cref="GuardOptions.PassUncheckedContents"/> is set.
/// </summary>
public abstract class JudgedContent : AIContent
{
    /// <summary>
    /// Its texts by channel. In a stream the texts of one channel are judged as one text, so that words which are split over several contents are found.
    /// </summary>
    public abstract IReadOnlyList<KeyValuePair<string, string>> Texts { get; }

    /// <summary>The images in it.</summary>
    public virtual IReadOnlyList<ModerationImage> Images => [];

    /// <summary>The kind of something in it that cannot be judged, or null.</summary>
    public virtual string? Unreadable => null;
}
