namespace SafeRlhfV.Gateway;

/// <summary>An image that was let in.</summary>
/// <param name="Bytes">Its encoded bytes.</param>
/// <param name="MediaType">What they truly are.</param>
/// <param name="Pixels">How many pixels decoding gives, of all its frames.</param>
internal sealed record OpenedImage(byte[] Bytes, string MediaType, long Pixels);
