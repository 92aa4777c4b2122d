using System.Text.Json;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Cases of tiles: how many an image is cut into, how many tokens it takes, and how tiles become rows of tokens.</summary>
internal static class ParityTiles
{
    /// <summary>InternVL, a `tile-grid` case: the grid of tiles and their number, by the image's size and the processor's settings.</summary>
    public static void Grids(ParityCase reference, ParityChecks checks)
    {
        int wrong = 0;
        foreach (JsonElement row in reference.Json.GetProperty("rows").EnumerateArray())
        {
            int Number(string name) => row.GetProperty(name).GetInt32();
            JsonElement size = row.GetProperty("size_hw"), expected = row.GetProperty("grid_columns_rows");
            AspectGrid grid = new(Number("tile"), Number("min_patches"), Number("max_patches"));
            (int columns, int rows) = grid.Of(size[1].GetInt32(), size[0].GetInt32());
            if ((columns, rows, AspectGrid.Tiles(columns, rows)) != (expected[0].GetInt32(), expected[1].GetInt32(), Number("tiles"))) wrong++;
        }
        checks.Add("grids or numbers of tiles", wrong, 0);
    }

    /// <summary>LLaVA-OneVision, a `token-counts` case: all sizes on the way from an image to its tokens, for this model and for the released ones.</summary>
    public static void Counts(TileGrid tiles, ParityCase reference, ParityChecks checks)
    {
        // a config without fields is the released models'
        TileGrid released = OneVisionConfig.Read(ConfigReader.Parse("""{ "model_type": "llava_onevision" }"""u8.ToArray(), "config.json")).Tiles!;
        foreach ((string name, TileGrid grid) in new[] { ("this", tiles), ("released", released) })
        {
            Tensor table = reference.Tensor("table_" + name);
            long[] rows = table.reshape(-1).data<long>().ToArray();
            int width = (int)table.shape[1];
            checks.Exact("table_" + name, tensor(rows.Chunk(width).SelectMany(row => Row((int)row[0], (int)row[1], grid)).ToArray()).view(-1, width));
            checks.Add($"one of several images ({name})",
                Math.Abs(grid.SingleTokens - reference.Field("tokens_of_one_of_several_images", name)!.Value.GetInt32()), 0);
        }
    }

    /// <summary>LLaVA-OneVision, a `packing` case: features of tiles → packed rows.</summary>
    public static void Packing(TileGrid tiles, ParityCase reference, ParityChecks checks)
    {
        foreach (JsonElement row in reference.Json.GetProperty("rows").EnumerateArray())
        {
            string name = row.GetProperty("name").GetString()!;
            Tensor features_TPH = reference.Tensor("features." + name);
            (int height, int width) = row.TryGetProperty("image_size_hw", out JsonElement size) ? (size[0].GetInt32(), size[1].GetInt32()) : (1, 1);
            Tensor packed = TilePacking.Pack(features_TPH, [new ImageGeometry(height, width, (int)features_TPH.shape[0], 0)], reference.Tensor("newline"),
                tiles);
            checks.Compare("packed." + name, packed, "packed", 5e-6);
        }
    }

    private static long[] Row(int height, int width, TileGrid grid)
    {
        (int bestHeight, int bestWidth) = AnyResolution.BestResolution(height, width, grid.Pinpoints);
        (int innerHeight, int innerWidth) = ImageSizes.Inside(height, width, bestHeight, bestWidth);
        (_, int rows, _, int columns) = AnyResolution.Unpad(height, width, bestHeight / grid.TileSize * grid.GridSize,
            bestWidth / grid.TileSize * grid.GridSize);
        (int lessRows, int lessColumns) = grid.Shrink(rows, columns);
        return [height, width, bestHeight, bestWidth, innerHeight, innerWidth, (bestHeight - innerHeight) / 2, (bestWidth - innerWidth) / 2,
            AnyResolution.Tiles(height, width, grid.Pinpoints, grid.TileSize), rows, columns, lessRows, lessColumns, grid.Tokens(height, width)];
    }
}
