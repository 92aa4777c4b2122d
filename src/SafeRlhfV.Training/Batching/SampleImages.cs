using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A row's pictures, ready for the tower.</summary>
/// <param name="Key">Names the pictures for <see cref="VisionCache"/>: the row's file and place in it, since one cache may serve several data sets.</param>
/// <param name="Images">The pictures, in the order of the text.</param>
public sealed record SampleImages(string Key, IReadOnlyList<ProcessedImage> Images);
