using SafeRlhfV.Data;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>What every step begins with.</summary>
internal static class Steps
{
    /// <summary>Dropout of a step is drawn from a stream of its own, so that a resumed run draws the same.</summary>
    public static void Seed(long seed, long step) => random.manual_seed((long)(new RandomStream(seed, $"dropout/{step}").NextUInt64() >> 1));

    /// <summary>A batch in parts that fit into memory; 0 = in one.</summary>
    public static IEnumerable<T[]> Micro<T>(IReadOnlyList<T> samples, int size) => samples.Chunk(size > 0 ? size : samples.Count);
}
