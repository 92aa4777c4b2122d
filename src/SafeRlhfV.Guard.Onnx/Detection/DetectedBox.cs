namespace SafeRlhfV.Guard.Onnx;

/// <summary>Something that a detector found.</summary>
/// <param name="Label">The number of its label.</param>
/// <param name="Score">How sure the model is, 0..1.</param>
/// <param name="X">Left edge, in pixels of the image.</param>
/// <param name="Y">Upper edge.</param>
/// <param name="Width">Width.</param>
/// <param name="Height">Height.</param>
internal readonly record struct DetectedBox(int Label, float Score, float X, float Y, float Width, float Height)
{
    /// <summary>Intersection over union; two boxes without any area count as the same.</summary>
    public static double Overlap(DetectedBox one, DetectedBox other)
    {
        double areas = (double)one.Width * one.Height + (double)other.Width * other.Height;
        if (areas <= 0) return 1;
        double width = Math.Min(one.X + one.Width, other.X + other.Width) - Math.Max(one.X, other.X);
        double height = Math.Min(one.Y + one.Height, other.Y + other.Height) - Math.Max(one.Y, other.Y);
        double shared = width > 0 && height > 0 ? width * height : 0;
        return shared / (areas - shared);
    }

    /// <summary>The boxes that are left when each drops those of lower score that overlap it too much.</summary>
    public static IReadOnlyList<DetectedBox> Suppress(IEnumerable<DetectedBox> boxes, double overlap, bool isPerClass)
    {
        List<DetectedBox> kept = [];
        foreach (DetectedBox box in boxes.OrderByDescending(box => box.Score))
            if (!kept.Any(better => (!isPerClass || better.Label == box.Label) && Overlap(better, box) > overlap)) kept.Add(box);
        return kept;
    }
}
