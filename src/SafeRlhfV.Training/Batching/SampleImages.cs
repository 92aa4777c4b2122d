using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>A row's images. They are decoded and resized when they are first asked for, which is never where a cache has their features.</summary>
public sealed class SampleImages
{
    private readonly Lazy<IReadOnlyList<ProcessedImage>> images;

    /// <summary>Images that may have to be processed.</summary>
    /// <param name="key">Names the images for <see cref="VisionCache"/>: the row's file and its place there, since one cache may serve several data
    /// sets.</param>
    /// <param name="process">Makes them ready for the tower, in the order of the text.</param>
    public SampleImages(string key, Func<IReadOnlyList<ProcessedImage>> process) => (Key, images) = (key, new(process));

    /// <summary>The name of the images; equal names mean equal images.</summary>
    public string Key { get; }

    /// <summary>The images, ready for the tower, in the order of the text.</summary>
    public IReadOnlyList<ProcessedImage> Images => images.Value;
}
