namespace SafeRlhfV.Training;

/// <summary>The calls that all ranks make together and in the same order. They block. Addresses are of host memory.</summary>
internal interface ICollectives : IDisposable
{
    /// <summary>The number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes there are.</summary>
    int Size { get; }

    /// <summary>What carries the data, for messages.</summary>
    string Library { get; }

    /// <summary>Each rank's bytes side by side, on all ranks.</summary>
    /// <param name="own">This rank's bytes.</param>
    /// <param name="all">Room for those of all ranks, in rank order.</param>
    /// <param name="bytes">Bytes of one rank, the same everywhere.</param>
    void AllGather(nint own, nint all, int bytes);

    /// <summary>The same on rank 0 alone; the others give 0 as <paramref name="all"/>.</summary>
    void Gather(nint own, nint all, int bytes);

    /// <summary>Part r of what a rank sends goes to rank r; what a rank receives lies in rank order.</summary>
    /// <param name="sent">A part for each rank.</param>
    /// <param name="received">Room for a part of each rank.</param>
    /// <param name="bytes">Bytes of one part.</param>
    void AllToAll(nint sent, nint received, int bytes);

    /// <summary>Ends all ranks. May be called from any thread, and does not return.</summary>
    void Abort(int code);
}
