using SafeRlhfV.Data;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Reads the image files of reference cases.</summary>
public static class ParityImageReader
{
    /// <summary>Reads a file as the reference did.</summary>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public static RgbImage Read(string file, ParityImageLoading loading) => ImageDecodeReference.Decode(
        DiskErrors.Reading(file, () => File.ReadAllBytes(file)), isTurned: loading == ParityImageLoading.FromPath,
        dropsAlpha: loading != ParityImageLoading.Opened);
}
