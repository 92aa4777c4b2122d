namespace SafeRlhfV.Evaluation;

/// <summary>
/// A benchmark: reads its released files and computes its figures. A new one is a file that implements this, and an entry in <see cref="BenchmarkList"/>.
/// </summary>
public interface IBenchmark
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>What it measures, in a few words.</summary>
    string Measures { get; }

    /// <summary>The files that it needs, in a few words.</summary>
    string Files { get; }

    /// <summary>Its main figures, by name.</summary>
    string Figures { get; }

    /// <summary>Scorers that fit it, the usual one first; each is used where what it needs is given.</summary>
    IReadOnlyList<string> Scorers { get; }

    /// <summary>How many answers are drawn for each item.</summary>
    int Samples => 1;

    /// <summary>A smaller part that was released with it; null where there is none.</summary>
    string? Subset => null;

    /// <summary>Whether a split or variant is part of the benchmark as it is usually reported; others must be asked for.</summary>
    bool IsUsual(string split, string? variant) => true;

    /// <summary>Reads the items in their released order.</summary>
    /// <param name="files">The files.</param>
    /// <param name="subset">Only the smaller part.</param>
    /// <exception cref="InvalidInputException">A file is missing or of another layout.</exception>
    IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset);

    /// <summary>The figures.</summary>
    /// <param name="form">How the scorer reads: different readings have different figures.</param>
    /// <param name="items">What it read of every item.</param>
    IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items);
}
