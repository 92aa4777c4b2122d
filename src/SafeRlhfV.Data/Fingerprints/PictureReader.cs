namespace SafeRlhfV.Data;

/// <summary>Decodes a row's picture, or says why it cannot be.</summary>
internal static class PictureReader
{
    private static readonly ImageDecodeOptions AsPillow = new() { Alpha = AlphaPolicy.Drop };

    /// <summary>The picture; or the fault's code and words.</summary>
    public static (RgbImage? Picture, string? Code, string? What) Read(byte[] bytes)
    {
        if (bytes.Length == 0) return (null, Fault.ImageUndecodable, "the image has 0 bytes; put it back or drop the row.");
        if (ImageHeader.Read(bytes) is { IsBomb: true } header)
            return (null, Fault.ImageBomb, $"the image claims {header.Width} x {header.Height} pixels, more than {ImageHeader.MostPixels} in all; scale it down or drop the row.");
        try
        {
            return (ImageDecoder.Decode(bytes, AsPillow), null, null);
        }
        catch (InvalidInputException error)
        {
            return (null, Fault.ImageUndecodable, $"{error.Message.TrimEnd('.')}, or drop the row.");
        }
    }
}
