using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>Log-probabilities of given tokens of a wide vocabulary, with the gradients of hidden states and output matrix.</summary>
internal static class WideLogProbsWork
{
    private const int Rows = 8, Length = 256, Hidden = 512, Vocabulary = 32_000;

    public static void Run(BenchSettings settings)
    {
        long before = Measure.Mebibytes("VmRSS");
        Tensor hidden_NH = randn([Rows * Length, Hidden], requires_grad: true), labels_N = randint(0, Vocabulary, [Rows * Length], ScalarType.Int64);
        Tensor weight_VH = randn(Vocabulary, Hidden).Times_(0.02).requires_grad_();
        double seconds = Measure.Median(() =>
        {
            TokenLogProbabilities.FromHidden(hidden_NH, weight_VH, labels_N).mean().neg().backward();
            hidden_NH.grad = null;
            weight_VH.grad = null;
        }, settings.FewRepeats);
        long peak = Measure.Mebibytes("VmHWM");
        Measure.Emit(settings, "wide-logprobs", ("ms", Math.Round(seconds * 1e3, 1)), ("peak_rss_mib", peak), ("extra_mib", peak - before));
    }
}
