namespace SafeRlhfV.Evaluation;

/// <summary>The benchmarks that there are; other programs may add theirs.</summary>
public static class BenchmarkList
{
    /// <summary>All of them.</summary>
    public static Registry<IBenchmark> All { get; } = new(benchmark => [benchmark.Name],
        new MmSafetyBench(), new SpaVl(), new VlGuard(), new FigStep(), new Siuo(), new SiuoChoice(), new VlsBench(), new MssBench(), new MossBench(),
        new JailBreakV(), new Hades(), new HoliSafe(), new BeaverTailsV(), new XsTest(), new Mis(), new Pope(), new Mme(), new MmVet(), new LlavaBench(),
        new ScienceQa(), new Mmmu(), new VlmEvalKitTable(), new OwnRows());

    /// <summary>The benchmarks of a list of names with commas.</summary>
    /// <exception cref="InvalidInputException">A name is none.</exception>
    public static IReadOnlyList<IBenchmark> Named(string names) =>
    [
        .. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().Select(name => All.Find(name)
            ?? throw new InvalidInputException($"--suite {name}: no such benchmark; there are {string.Join(", ", All.Select(benchmark => benchmark.Name))}.")),
    ];
}
