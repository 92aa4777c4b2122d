using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>A run small enough to be stopped anywhere: a linear fit with AdamW, noise by step, and a stream and a counter as parts.</summary>
internal static class SmallRun
{
    public static Result Train(RunOptions options, long steps, long? stopAfter = null, IProgress<TrainingProgress>? progress = null,
        Action<TrainingRun>? track = null, Func<long, double>? loss = null, Func<long, Dictionary<string, double>>? metrics = null)
    {
        using var scope = NewDisposeScope();
        using CancellationTokenSource cancel = new();
        using TrainingRun run = new("small", options, progress, cancel.Token);
        Parameter weight = new(linspace(-1, 1, 12).view(3, 4)), half = new(ones(5, ScalarType.BFloat16));
        IReadOnlyList<(string, Parameter)> parameters = [("weight", weight), ("half", half)];
        using AdamW optimizer = new(parameters);
        RandomStream stream = new(options.Seed, "stream");
        run.Track("model", new ModelPart(parameters));
        run.Track("optimizer", optimizer);
        run.Track("stream", new JsonPart<IReadOnlyList<ulong>>(() => stream.State, state => stream.State = state));
        track?.Invoke(run);
        long start = run.Resume();
        for (long step = start; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            Tensor noise = tensor(Enumerable.Range(0, 12).Select(_ => (float)run.Random("noise", step).NextGaussian()).ToArray()).view(3, 4);
            Tensor error = (weight - noise * tensor((float)stream.NextDouble())).pow(2).mean() + half.to(ScalarType.Float32).pow(2).mean();
            optimizer.ZeroGrad();
            error.backward();
            optimizer.Step(0.05);
            if (step + 1 == stopAfter) cancel.Cancel();
            run.Step(step + 1, steps, metrics?.Invoke(step)
                ?? new Dictionary<string, double> { ["loss"] = loss?.Invoke(step) ?? error.item<float>(), ["third"] = step / 3.0 },
                    new Dictionary<string, double> { ["tokens_per_second"] = 1 });
        }
        run.Finish(folder => File.WriteAllText(Path.Combine(folder, "result.txt"), "whole"));
        return new Result(start, [.. weight.data<float>(), .. half.to(ScalarType.Float32).data<float>()]);
    }

    internal sealed record Result(long Start, float[] Weights);
}
