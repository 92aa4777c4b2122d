using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>64 greedy tokens after prompts of 64.</summary>
internal static class DecodeWork
{
    private const int Prompt = 64, New = 64;

    public static void Run(BenchSettings settings, int rows)
    {
        using VisionLanguageModel model = TinyModel.Create(0);
        TextGenerator generator = new(model);
        Tensor ids_BL = TinyModel.Ids(rows, Prompt);
        GenerationPrompt prompt = new(ids_BL, TinyModel.All(ids_BL));
        GenerationSettings generation = new() { MaxNewTokens = New, Temperature = 0 };
        double seconds = Measure.Median(() => generator.Generate(prompt, generation).Dispose(), settings.FewRepeats);
        Measure.Emit(settings, $"decode-b{rows}", ("tokens_per_s", Math.Round(rows * New / seconds)));
    }
}
