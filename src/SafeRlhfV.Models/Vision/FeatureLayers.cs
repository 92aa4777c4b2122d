using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>The field `vision_feature_layer` of LLaVA models: which hidden states of the tower are taken.</summary>
internal static class FeatureLayers
{
    /// <summary>Indices of hidden states, 0 (the first block's input) to the number of blocks.</summary>
    /// <param name="reader">config.json.</param>
    /// <param name="layers">Blocks of the tower.</param>
    /// <param name="width">Hidden size of the tower.</param>
    /// <param name="usual">The layer where the file does not say; negative ones count from the end.</param>
    /// <exception cref="InvalidInputException">A layer lies outside the tower, or there are none or too many.</exception>
    public static IReadOnlyList<int> Read(ConfigReader reader, int layers, int width, int usual)
    {
        List<int> states = [];
        foreach (int layer in reader.Ints("vision_feature_layer") ?? [usual])
        {
            int state = layer < 0 ? layers + 1 + layer : layer;
            if (state < 0 || state > layers) throw reader.Error("vision_feature_layer", $"{layer} lies outside a tower of {layers} blocks");
            states.Add(state);
        }
        if (states.Count == 0) throw reader.Error("vision_feature_layer", "names no layer");
        if (states.Count > layers + 1 || (long)states.Count * width > 1 << 24)
            throw reader.Error("vision_feature_layer", $"names {states.Count} layers, which is out of range");
        return states;
    }
}
