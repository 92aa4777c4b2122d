namespace SafeRlhfV.Data;

/// <summary>Decodes an image file in the ways in which transformers' processors got the images of reference cases. Nothing but `parity` may use it.</summary>
public static class ImageDecodeReference
{
    /// <summary>Decodes an image; 16-bit gray is cut at 255 as Pillow does.</summary>
    /// <param name="encoded">The file's bytes.</param>
    /// <param name="isTurned">Turn the image as its EXIF orientation says.</param>
    /// <param name="dropsAlpha">Drop transparency; otherwise it is laid on white.</param>
    /// <exception cref="InvalidInputException">It is no image that can be decoded.</exception>
    public static RgbImage Decode(byte[] encoded, bool isTurned, bool dropsAlpha) => ImageDecoder.Decode(encoded, ImageDecodeOptions.Opened with
    {
        Alpha = dropsAlpha ? ImageDecodeOptions.Converted.Alpha : ImageDecodeOptions.Opened.Alpha,
        ApplyOrientation = isTurned,
        ClipSixteenBitGray = true,
    });
}
