using System.Runtime.InteropServices;
using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// What ranks tell each other of a run: once a step how long they worked and whether they were asked to stop; at its start what files they read.
/// </summary>
/// <param name="ranks">The ranks.</param>
internal sealed class StepMeeting(Ranks ranks)
{
    private TimeSpan waited;
    private long worked;

    /// <summary>A step begins.</summary>
    public void Begin() => waited = ranks.Waited;

    /// <summary>A step ends.</summary>
    /// <param name="step">The step.</param>
    /// <param name="elapsed">How long it took on this rank.</param>
    /// <param name="stops">Whether this rank was asked to stop.</param>
    /// <param name="clocked">Gets each rank's rows per second, and the slowest rank.</param>
    /// <returns>Whether any rank was asked to stop.</returns>
    public bool End(long step, TimeSpan elapsed, bool stops, Dictionary<string, double> clocked)
    {
        double busy = (elapsed - (ranks.Waited - waited)).TotalSeconds;
        double[][] all = [.. ranks.Gather($"end of step {step}", MemoryMarshal.AsBytes<double>([stops ? 1 : 0, busy, ranks.Rows - worked]))
            .Select(bytes => MemoryMarshal.Cast<byte, double>(bytes).ToArray())];
        worked = ranks.Rows;
        for (int rank = 0; rank < all.Length; rank++) clocked[$"rank_{rank}_rows_per_second"] = all[rank][2] / Math.Max(1e-9, all[rank][1]);
        int slowest = Enumerable.Range(0, all.Length).MaxBy(rank => all[rank][1]);
        (clocked["slowest_rank"], clocked["slowest_rank_seconds"]) = (slowest, all[slowest][1]);
        return all.Any(one => one[0] != 0);
    }

    /// <summary>Files may differ from machine to machine, and rows of other files are other rows.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="inputs">What this rank reads.</param>
    /// <exception cref="InvalidInputException">A rank reads other files than rank 0.</exception>
    public static void CheckInputs(Ranks ranks, IReadOnlyList<InputPrint> inputs)
    {
        byte[][] all = ranks.Gather("inputs", JsonSerializer.SerializeToUtf8Bytes(inputs, CheckpointState.Options));
        for (int rank = 1; rank < all.Length; rank++)
            if (InputPrint.Difference(Read(all[0]), Read(all[rank])) is { } difference)
                throw new InvalidInputException($"rank {rank} does not read the same files as rank 0: {difference} there; put the same files on all machines.");

        static IReadOnlyList<InputPrint> Read(byte[] bytes) => JsonSerializer.Deserialize<IReadOnlyList<InputPrint>>(bytes, CheckpointState.Options)!;
    }
}
