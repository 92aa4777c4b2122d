using System.Diagnostics;
using SafeRlhfV.Training;

namespace SafeRlhfV.Bench;

/// <summary>
/// One round of Safe PPO by the trainer itself, on 16 prompts of 64 tokens with responses of 64. The roles are six full models, or one frozen backbone under
/// three LoRA adapters (actor, scores, critics). The shared backbone saves memory, so there a quarter of the rows runs at a time.
/// </summary>
internal static class PpoStepWork
{
    private const int Rows = 16, Prompt = 64, Response = 64, Rank = 8, MicroBatch = 4;

    public static void Run(BenchSettings settings, bool shared)
    {
        using PpoModels models = shared ? PpoModels.Shared(Rank) : PpoModels.Apart();
        PpoSettings training = new()
        {
            RolloutBatch = Rows,
            MiniBatch = Rows,
            MicroBatch = shared ? MicroBatch : 0,
            MaxNewTokens = Response,
            PtxCoefficient = 0,
            Actor = new() { LearningRate = 1e-5 },
            Critics = new() { LearningRate = 1e-5 },
        };
        using VisionCache cache = new(models.Roles.Actor.Model, TinyModel.Images(), 0);
        // no id ends a response: all have the same length
        SampleBatcher batcher = new(PadTokenId: 0, EosTokenIds: [], cache);
        using SafePpoTrainer trainer = new(models.Roles, training, batcher, instructions: null, rounds: 1000);
        RandomStream random = new(0, "bench/prompts");
        EncodedSample[] prompts = [.. Enumerable.Range(0, Rows).Select(_ => new EncodedSample(Text(random), [], null))];
        Dictionary<PpoPhase, double> ends = [];
        long round = 0;
        double seconds = Measure.Median(() =>
        {
            long start = Stopwatch.GetTimestamp();
            trainer.Round(prompts, round++, finished: phase => ends[phase] = Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }, settings.FewRepeats);
        Measure.Emit(settings, "ppo-step", ("sharing", shared ? "backbone" : "none"), ("ms", Math.Round(seconds * 1e3, 1)),
            ("samples_per_s", Math.Round(Rows / seconds, 2)),
            ("rollout_ms", Math.Round(ends[PpoPhase.Sample])), ("score_ms", Math.Round(ends[PpoPhase.Score] - ends[PpoPhase.Sample])),
            ("update_ms", Math.Round(ends[PpoPhase.Update] - ends[PpoPhase.Score])), ("peak_rss_mib", Measure.Mebibytes("VmHWM")));
    }

    private static int[] Text(RandomStream random) => [.. Enumerable.Range(0, Prompt).Select(_ => random.NextInt(TinyModel.ImageToken))];
}
