using SafeRlhfV.Models;
using SafeRlhfV.Training;
using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>One step of SFT on 16 texts of 128 tokens: loss, gradients, clipping, AdamW.</summary>
internal static class TrainStepWork
{
    private const int Rows = 16, Length = 128;

    public static void Run(BenchSettings settings)
    {
        using VisionLanguageModel model = TinyModel.Create(0);
        PolicyRole policy = new(model);
        using AdamW optimizer = new(policy.Trainable());
        Tensor ids_BL = TinyModel.Ids(Rows, Length);
        SequenceBatch batch = new(ids_BL, TinyModel.All(ids_BL), 1, null);
        double seconds = Measure.Median(() =>
        {
            policy.NextTokenLoss(batch).backward();
            optimizer.ClipGradientNorm(1);
            optimizer.Step(1e-4);
            optimizer.ZeroGrad();
        }, settings.Repeat);
        double rate = Measure.MatrixRate(Math.Min(12, settings.Repeat));
        Measure.Emit(settings, "train-step", ("ms", Math.Round(seconds * 1e3, 1)), ("tokens_per_s", Math.Round(Rows * Length / seconds)),
            ("mfu", Math.Round(TinyModel.TrainingFlops(Rows, Length) / seconds / 1e9 / rate, 3)), ("matmul_gflops", Math.Round(rate)));
    }
}
