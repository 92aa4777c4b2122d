namespace SafeRlhfV.Data;

/// <summary>What is done with an image's pixels while they lie in memory that is freed afterwards.</summary>
/// <param name="width">Width in pixels.</param>
/// <param name="height">Height in pixels.</param>
/// <param name="rgb">The bytes, [Height, Width, 3].</param>
public delegate TResult PixelWork<out TResult>(int width, int height, ReadOnlySpan<byte> rgb);
