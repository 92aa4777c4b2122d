namespace SafeRlhfV.Bench;

/// <summary>How workloads are run.</summary>
/// <param name="Threads">Threads of one operation.</param>
/// <param name="Repeat">Timed runs of a workload.</param>
/// <param name="Tokenizer">Folder of the tokenizer that is timed; null = one of the repository.</param>
internal sealed record BenchSettings(int Threads, int Repeat, string? Tokenizer)
{
    /// <summary>Runs of a workload that takes long.</summary>
    public int FewRepeats => Repeat < 3 ? Repeat : Math.Max(3, Repeat / 3);
}
