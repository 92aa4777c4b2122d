using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Rows of numbers picked from among others, or put back among rows of zeros. Each is the other's gradient. N: picked rows, R: all rows.</summary>
internal sealed class RowMoves : FusedFunction<RowMoves>
{
    /// <summary>[..., H], R rows → [1, N, H]: the rows at these places.</summary>
    public static Tensor Pick(Tensor x, long[] places_N) => Run(x, new(places_N, [1, places_N.Length], Puts: false));

    /// <summary>[1, N, H] → [rows, columns, H]: the rows at these places, zeros elsewhere. No place comes twice.</summary>
    public static Tensor Put(Tensor x_1NH, long[] places_N, long rows, long columns) => Run(x_1NH, new(places_N, [rows, columns], Puts: true));

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        (Tensor x, Move move) = ((Tensor)arguments[0], (Move)arguments[1]);
        context.save_for_backward([x]); // a view's gradient goes by its shape
        context.save_data("move", move);
        return Moved(x, move);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient) =>
        [Moved(gradient, ((Move)context.get_data("move")).Reversed(context.get_saved_variables()[0].shape[..^1])), null];

    /// <inheritdoc/>
    protected override (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved)
    {
        Move move = (Move)context.get_data("move");
        Tensor x = saved[0], flat = x.reshape(-1, x.shape[^1]), places = tensor(move.Places_N);
        Tensor moved = move.Puts ? zeros([move.Rows, x.shape[^1]]).index_copy(0, places, flat) : flat.index_select(0, places);
        return (moved.view([.. move.Shape, x.shape[^1]]), [x, null]);
    }

    private static Tensor Run(Tensor x, Move move)
    {
        x = x.contiguous();
        return IsWanted(x) ? Record(x, move) : Moved(x, move);
    }

    private static unsafe Tensor Moved(Tensor x, Move move)
    {
        int size = (int)x.shape[^1];
        long[] shape = [.. move.Shape, size], places = move.Places_N;
        Tensor y = move.Puts ? zeros(shape, ScalarType.Float32) : empty(shape, ScalarType.Float32);
        float* from = TorchLibrary.Floats(x), to = TorchLibrary.Floats(y);
        bool puts = move.Puts;
        RowLoop.Run(places.Length, 2 * size, (_, first, end) =>
        {
            for (long row = first; row < end; row++)
            {
                long read = puts ? row : places[row], written = puts ? places[row] : row;
                new ReadOnlySpan<float>(from + (read * size), size).CopyTo(new(to + (written * size), size));
            }
        });
        GC.KeepAlive(x);
        return y;
    }

    private sealed record Move(long[] Places_N, long[] Shape, bool Puts)
    {
        public long Rows => Shape[0] * Shape[1];

        public Move Reversed(long[] shape) => new(Places_N, shape, !Puts);
    }
}
