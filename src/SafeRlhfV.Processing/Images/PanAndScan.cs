namespace SafeRlhfV.Processing;

/// <summary>How Gemma 3's processor cuts long images into crops, which the model sees beside the whole image.</summary>
/// <param name="MinCropSize">Crops with a shorter side are not made, in pixels.</param>
/// <param name="MaxCrops">Maximum number of crops.</param>
/// <param name="MinRatio">Images are cut from this ratio of the long side to the short one on.</param>
public sealed record PanAndScan(int MinCropSize, int MaxCrops, double MinRatio)
{
    /// <summary>The crops of an image, from left to right or from top to bottom; empty where it is not cut.</summary>
    /// <param name="width">Its width, in pixels.</param>
    /// <param name="height">Its height, in pixels.</param>
    /// <exception cref="InvalidInputException">The settings give a crop without pixels.</exception>
    public IReadOnlyList<PixelRegion> Crops(int width, int height)
    {
        bool isWide = width >= height;
        (int longSide, int shortSide) = isWide ? (width, height) : (height, width);
        double ratio = (double)longSide / shortSide;
        if (ratio < MinRatio) return [];
        int count = Math.Min(MaxCrops, Math.Max(2, Math.Min(longSide / MinCropSize, (int)Math.Floor(ratio + 0.5))));
        int size = (longSide + count - 1) / count;
        if (Math.Min(size, shortSide) < MinCropSize) return [];
        if (size * (count - 1) >= longSide)
            throw new InvalidInputException($"Image: pan and scan would cut {longSide} pixels into {count} crops of {size}, of which the last is empty; "
                + "raise pan_and_scan_min_crop_size.");
        return [.. Enumerable.Range(0, count).Select(at => (From: at * size, Length: Math.Min(size, longSide - at * size)))
            .Select(crop => isWide ? new PixelRegion(crop.From, 0, crop.Length, height) : new PixelRegion(0, crop.From, width, crop.Length))];
    }
}
