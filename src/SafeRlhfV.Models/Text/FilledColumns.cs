using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Where the tokens of a batch are. What is done to each token by itself (norms, projections, feed-forward parts) is done to tokens alone, one after another,
/// and not to the padding between them; only attention sees texts side by side. B: texts, L: columns, N: tokens.
/// </summary>
internal sealed class FilledColumns
{
    private readonly long rows, columns;
    private readonly long[] all_N;
    private readonly Dictionary<long, (long[] OfTokens, long[] InColumns)> places = [];

    private FilledColumns(long[] all_N, long rows, long columns) => (this.all_N, this.rows, this.columns) = (all_N, rows, columns);

    /// <summary>The tokens under a mask; null where there is little padding, or torch's operations must run (other types and devices).</summary>
    /// <param name="x_BLH">The batch's embeddings.</param>
    /// <param name="valid_BL">Which columns hold a token.</param>
    public static FilledColumns? TryFind(Tensor x_BLH, Tensor valid_BL)
    {
        if (!TorchLibrary.HasPlainFloats(x_BLH)) return null;
        using Tensor plain = valid_BL.to(ScalarType.Bool).contiguous();
        long[] tokens = [.. plain.data<bool>().ToArray().Index().Where(one => one.Item).Select(one => (long)one.Index)];
        // moving rows to and fro takes a few hundredths of a block's time
        return tokens.Length > 0 && tokens.Length * 16L <= valid_BL.numel() * 15 ? new(tokens, valid_BL.shape[0], valid_BL.shape[1]) : null;
    }

    /// <summary>[B, L - from, H] → [1, N, H]: the tokens from a column on.</summary>
    public Tensor Pack(Tensor x, long from) => RowMoves.Pick(x, PlacesFrom(from).InColumns);

    /// <summary>[1, N, H] → [B, L - from, H]: back to their columns, zeros elsewhere.</summary>
    public Tensor Spread(Tensor x, long from) => RowMoves.Put(x, PlacesFrom(from).InColumns, rows, columns - from);

    /// <summary>What lies from a column on: of [B, L, H], or of the tokens alone, [1, N, H], where <paramref name="filled"/> is given.</summary>
    public static Tensor Cut(FilledColumns? filled, Tensor x, long from) =>
        from == 0 ? x : filled is null ? x.narrow(1, from, x.shape[1] - from) : RowMoves.Pick(x, filled.PlacesFrom(from).OfTokens);

    // the tokens from a column on: which of all tokens they are, and where among the columns from that one
    private (long[] OfTokens, long[] InColumns) PlacesFrom(long from)
    {
        if (!places.TryGetValue(from, out (long[], long[]) found))
        {
            long[] tokens = [.. Enumerable.Range(0, all_N.Length).Where(token => all_N[token] % columns >= from).Select(token => (long)token)];
            places.Add(from, found = (tokens, [.. tokens.Select(token => all_N[token]).Select(place =>
                (place / columns * (columns - from)) + (place % columns) - from)]));
        }
        return found;
    }
}
