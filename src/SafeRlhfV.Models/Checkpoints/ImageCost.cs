namespace SafeRlhfV.Models;

/// <summary>What one image costs.</summary>
/// <param name="Width">Its width in pixels.</param>
/// <param name="Height">Its height in pixels.</param>
/// <param name="Tokens">Image tokens that it takes in the text.</param>
public sealed record ImageCost(int Width, int Height, int Tokens);
