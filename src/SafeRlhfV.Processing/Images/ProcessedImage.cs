namespace SafeRlhfV.Processing;

/// <summary>One image as a vision tower takes it.</summary>
/// <param name="Pixels">Normalised values: <see cref="ImageGeometry.Rows"/> rows of <paramref name="RowShape"/>.</param>
/// <param name="RowShape">Shape of a row: [3, S, S] (LLaVA) or [3 * T * p * p] (Qwen).</param>
/// <param name="Geometry">How many rows and image tokens it takes.</param>
public sealed record ProcessedImage(float[] Pixels, IReadOnlyList<long> RowShape, ImageGeometry Geometry);
