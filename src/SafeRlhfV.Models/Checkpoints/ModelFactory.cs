using SafeRlhfV.Data;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Makes new models.</summary>
public static class ModelFactory
{
    private const long MaxParameters = 200_000_000_000;

    /// <summary>A model with random weights; the same config, seed and initialisation give the same weights.</summary>
    /// <exception cref="InvalidInputException">The model would be impossibly large.</exception>
    public static VisionLanguageModel Create(ModelConfig config, long seed, Initialization? initialization = null, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        if (config.Text.ParameterCount is < 0 or > MaxParameters) throw new InvalidInputException($"config.json asks for {config.Text.ParameterCount:N0} text parameters; the most is {MaxParameters:N0}.");
        bool small = config.Text.ParameterCount < 64L << 20;
        VisionLanguageModel model = ModelFamilies.Find(config.ModelType)!.Create(config, new RandomSource(initialization ?? Initialization.Transformers, seed, dtype, device ?? CPU, small));
        model.eval();
        return model;
    }
}
