using SafeRlhfV.Data;

namespace SafeRlhfV.Deduplication;

/// <summary>How a data set is searched for duplicates, and what is written.</summary>
public sealed record DeduplicationOptions
{
    /// <summary>The least memory that sorting can work with.</summary>
    public const long LeastMemory = 128L << 20;

    /// <summary>The bits of 64 by which the difference hashes of near-duplicates may differ.</summary>
    public int Threshold { get; init; } = ImageFingerprint.DefaultThreshold;

    /// <summary>
    /// Where to write a copy without leaking train rows (exact ones, and near ones if <see cref="DropNear"/>) and without all but the first of equal rows and
    /// equal words; null writes nothing.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>Also leave out train rows that look like rows held out.</summary>
    public bool DropNear { get; init; }

    /// <summary>Replace a folder that exists.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Bytes of memory that sorting and grouping may take; what does not fit goes to <see cref="Scratch"/>.</summary>
    public long Memory { get; init; } = 600_000_000;

    /// <summary>Where fingerprints and sorted runs lie while it works, about 1 KB an image; null for the system's folder of temporary files.</summary>
    public string? Scratch { get; init; }
}
