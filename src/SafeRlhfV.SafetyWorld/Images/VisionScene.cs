namespace SafeRlhfV.SafetyWorld;

/// <summary>An image with what it shows, for teaching a vision tower what each patch's cell holds.</summary>
/// <param name="Scene">What is shown.</param>
/// <param name="Image">The image.</param>
public sealed record VisionScene(Scene Scene, RgbImage Image)
{
    /// <summary>Content (0..13), colour (0..6) and cell (0..3) for each of the 16 patches, row by row.</summary>
    public IReadOnlyList<(int Content, int Colour, int Cell)> PatchLabels =>
        [.. Enumerable.Range(0, Vocabulary.ImageTokens).Select(Scene.CellOfPatch).Select(cell => (Scene.ContentOf(cell), Scene.ColourOf(cell), cell))];
}
