namespace SafeRlhfV.Processing;

/// <summary>Where one image's rows lie in a batch of pixel values and how many tokens it takes in the text.</summary>
/// <param name="Height">Height of the image before processing, in pixels.</param>
/// <param name="Width">Width of the image before processing, in pixels.</param>
/// <param name="Rows">Rows of the pixel values' first dimension that belong to it: 1 (LLaVA-1.5), tiles (LLaVA-NeXT, OneVision), the
/// image and its crops (Gemma), patches (Qwen).</param>
/// <param name="Tokens">Image tokens it takes in the text.</param>
/// <param name="GridHeight">Patch rows before merging (Qwen); 0 elsewhere.</param>
/// <param name="GridWidth">Patch columns before merging (Qwen); 0 elsewhere.</param>
public sealed record ImageGeometry(int Height, int Width, int Rows, int Tokens, int GridHeight = 0, int GridWidth = 0);
