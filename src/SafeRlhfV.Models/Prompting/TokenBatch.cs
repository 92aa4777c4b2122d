using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Rows of tokens filled up to one length.</summary>
/// <param name="Ids_BL">Token ids, int64.</param>
/// <param name="Mask_BL">Valid columns, bool. Validity follows from the rows' lengths, never from an id.</param>
public sealed record TokenBatch(Tensor Ids_BL, Tensor Mask_BL) : IDisposable
{
    /// <summary>Pads on the left, as generation needs it.</summary>
    public static TokenBatch PadLeft(IReadOnlyList<IReadOnlyList<int>> rows, int padTokenId, Device? device = null) => Pad(rows, padTokenId, true, device);

    /// <summary>Pads on the right.</summary>
    public static TokenBatch PadRight(IReadOnlyList<IReadOnlyList<int>> rows, int padTokenId, Device? device = null) => Pad(rows, padTokenId, false, device);

    /// <inheritdoc/>
    public void Dispose()
    {
        Ids_BL.Dispose();
        Mask_BL.Dispose();
    }

    private static TokenBatch Pad(IReadOnlyList<IReadOnlyList<int>> rows, int padTokenId, bool left, Device? device)
    {
        int longest = rows.Count == 0 ? 0 : rows.Max(row => row.Count);
        long[] ids = new long[rows.Count * longest];
        bool[] mask = new bool[ids.Length];
        Array.Fill(ids, padTokenId);
        foreach ((int index, IReadOnlyList<int> row) in rows.Index())
        {
            int start = index * longest + (left ? longest - row.Count : 0);
            for (int at = 0; at < row.Count; at++) (ids[start + at], mask[start + at]) = (row[at], true);
        }
        using DisposeScope scope = NewDisposeScope();
        Tensor ids_BL = tensor(ids, device: device).view(rows.Count, longest), mask_BL = tensor(mask, device: device).view(rows.Count, longest);
        return new TokenBatch(ids_BL.MoveToOuterDisposeScope(), mask_BL.MoveToOuterDisposeScope());
    }
}
