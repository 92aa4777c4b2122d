using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>An image that was let in.</summary>
/// <param name="Bytes">Its encoded bytes.</param>
/// <param name="MediaType">What they truly are.</param>
/// <param name="Pixels">How many pixels decoding all that is judged gives.</param>
internal sealed record OpenedImage(byte[] Bytes, string MediaType, long Pixels)
{
    /// <summary>All that it can show, where that is more than one image.</summary>
    public IReadOnlyList<ModerationImage> Shown { get; init; } = [];

    /// <summary>What is judged.</summary>
    public IEnumerable<ModerationImage> Judged => Shown.Count > 0 ? Shown : [new(new EncodedImage(Bytes, null)) { MediaType = MediaType }];

    /// <summary>The content of a message.</summary>
    public DataContent ToContent() => Shown.Count > 0 ? new ShownImageContent(Bytes, MediaType, Shown) : new DataContent(Bytes, MediaType);
}
