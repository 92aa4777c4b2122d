using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// An image whose file can show several, such as the frames of an animation or what is transparent on different backgrounds: the model gets the file, and all
/// that it can show is judged in its place.
/// </summary>
/// <param name="bytes">The file.</param>
/// <param name="mediaType">Its media type.</param>
/// <param name="shown">What it can show; at least one.</param>
public sealed class ShownImageContent(ReadOnlyMemory<byte> bytes, string mediaType, IReadOnlyList<ModerationImage> shown) : DataContent(bytes, mediaType)
{
    /// <summary>What it can show.</summary>
    public IReadOnlyList<ModerationImage> Shown { get; } = shown.Count > 0 ? shown : throw new ArgumentException("An image shows something.", nameof(shown));
}
