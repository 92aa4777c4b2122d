namespace SafeRlhfV.Data;

/// <summary>Decodes a row's image for some work, or says why it cannot be.</summary>
internal static class ImageReader
{
    /// <summary>What the work makes of the image; or the fault's code and words.</summary>
    public static (TResult? Result, string? Code, string? What) Read<TResult>(byte[] bytes, PixelWork<TResult> work, ImageDecodeOptions options)
        where TResult : class
    {
        if (bytes.Length == 0) return (null, Fault.ImageUndecodable, "the image has 0 bytes; put it back or drop the row.");
        if (ImageHeader.Read(bytes) is { IsBomb: true } header)
            return (null, Fault.ImageBomb,
                $"the image claims {header.Width} x {header.Height} pixels, more than {ImageHeader.MostPixels} in all; scale it down or drop the row.");
        try
        {
            return (ImageDecoder.Visit(bytes, work, options), null, null);
        }
        catch (InvalidInputException error)
        {
            return (null, Fault.ImageUndecodable, $"{error.Message.TrimEnd('.')}, or drop the row.");
        }
    }
}
