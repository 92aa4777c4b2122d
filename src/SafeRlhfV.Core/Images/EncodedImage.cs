namespace SafeRlhfV.Core;

/// <summary>An image as a data set holds it: encoded bytes (PNG, JPEG, WebP, ...) and the path it was named by, either of which may be missing.</summary>
public sealed record EncodedImage(byte[]? Bytes, string? Path);
