namespace SafeRlhfV.Processing;

/// <summary>The last station: a piece's ids from the cache, else from the model.</summary>
/// <param name="model">The model with this thread's memory.</param>
/// <param name="ids">Where ids go.</param>
/// <param name="asBytes">True if the model sees the piece's bytes in the byte-level alphabet.</param>
internal sealed class PieceEncoder(ModelRun model, IdBuffer ids, bool asBytes) : PieceReceiver
{
    private readonly WordCache cache = new();

    public override void Receive(ReadOnlySpan<char> piece, bool first)
    {
        if (piece.Length > WordCache.LongestPiece)
        {
            Append(piece);
            return;
        }
        int hash = string.GetHashCode(piece);
        if (cache.TryGet(piece, hash, out ReadOnlySpan<int> known))
        {
            ids.Add(known);
            return;
        }
        int before = ids.Count;
        Append(piece);
        cache.Add(piece, hash, ids.Since(before));
    }

    private void Append(ReadOnlySpan<char> piece) => model.Append(asBytes ? ByteAlphabet.Encode(piece) : piece, ids);
}
