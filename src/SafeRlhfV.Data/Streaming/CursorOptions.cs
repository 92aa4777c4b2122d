namespace SafeRlhfV.Data;

/// <summary>In what order a cursor gives rows.</summary>
public sealed record CursorOptions
{
    /// <summary>The split; null for all.</summary>
    public string? Split { get; init; }

    /// <summary>The configuration; null for all.</summary>
    public string? Config { get; init; }

    /// <summary>Whether rows come in random order, another one each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Decides the order: the same on every machine.</summary>
    public long Seed { get; init; }

    /// <summary>This process's number among <see cref="World"/>; ranks share the rows out among them.</summary>
    public int Rank { get; init; }

    /// <summary>The number of processes.</summary>
    public int World { get; init; } = 1;

    /// <summary>Rows in memory at a time: random order is exact among blocks of rows and within this window, so memory stays flat.</summary>
    public int WindowRows { get; init; } = 256;

    /// <summary>Rows read ahead on another thread; 0 reads as it goes.</summary>
    public int Prefetch { get; init; } = 16;
}
