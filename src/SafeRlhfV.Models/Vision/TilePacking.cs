using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Joins the projected tiles of images to rows of image tokens, as LLaVA-NeXT and LLaVA-OneVision do.</summary>
internal static class TilePacking
{
    /// <summary>
    /// Per image: the whole image's tile, then the grid of all other tiles without padding, shrunk if it is too large, each row ended by the newline vector.
    /// An image of one tile alone (one of several, OneVision) has one newline behind it.
    /// </summary>
    /// <param name="projected_RPH">Tiles of all images, [tiles, g * g, H].</param>
    /// <param name="images">One entry an image, in order.</param>
    /// <param name="newline_H">The newline vector.</param>
    /// <param name="grid">The model's tiles.</param>
    /// <returns>[T, H].</returns>
    public static Tensor Pack(Tensor projected_RPH, IReadOnlyList<ImageGeometry> images, Tensor newline_H, TileGrid grid)
    {
        long tiles = images.Sum(image => (long)image.Rows);
        if (tiles != projected_RPH.shape[0])
            throw new ArgumentException($"The images have {tiles} tiles, the features {projected_RPH.shape[0]}.", nameof(images));
        List<Tensor> parts = [];
        long at = 0;
        foreach (ImageGeometry image in images)
        {
            parts.Add(projected_RPH[at]);
            parts.Add(image.Rows == 1 && grid.TakesSingleTiles ? newline_H.unsqueeze(0) : Grid(projected_RPH, at + 1, image, newline_H, grid));
            at += image.Rows;
        }
        return cat([.. parts], 0);
    }

    private static Tensor Grid(Tensor projected_RPH, long first, ImageGeometry image, Tensor newline_H, TileGrid grid)
    {
        (int side, long width) = (grid.GridSize, projected_RPH.shape[2]);
        (int bestHeight, int bestWidth) = AnyResolution.BestResolution(image.Height, image.Width, grid.Pinpoints);
        (int down, int across) = (bestHeight / grid.TileSize, bestWidth / grid.TileSize);
        if (image.Rows < 1 + down * across)
            throw new ArgumentException($"An image of {image.Width} x {image.Height} needs {1 + down * across} tiles, not {image.Rows}.", nameof(image));
        (int top, int rows, int left, int columns) = AnyResolution.Unpad(image.Height, image.Width, side * down, side * across);
        Tensor features_RCH = projected_RPH.narrow(0, first, down * across).view(down, across, side, side, width).permute(0, 2, 1, 3, 4)
            .reshape(side * down, side * across, width).narrow(0, top, rows).narrow(1, left, columns);
        (int lessRows, int lessColumns) = grid.Shrink(rows, columns);
        if ((lessRows, lessColumns) != (rows, columns))
            features_RCH = nn.functional.interpolate(features_RCH.permute(2, 0, 1).unsqueeze(0), [lessRows, lessColumns], mode: InterpolationMode.Bilinear,
                align_corners: false).squeeze(0).permute(1, 2, 0);
        return cat([features_RCH, newline_H.view(1, 1, -1).expand(lessRows, 1, width)], 1).reshape(-1, width);
    }
}
