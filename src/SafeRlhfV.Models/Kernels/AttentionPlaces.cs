using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Where queries, keys and values (or their gradients) of a text and head lie.</summary>
internal readonly unsafe struct AttentionPlaces
{
    private readonly float* queries, keys, values;
    private readonly int size, columns, queryColumns, firstQuery;

    /// <summary>The places within one tensor or three.</summary>
    public AttentionPlaces(AttentionSizes sizes, Tensor[] tensors)
    {
        (size, columns) = (sizes.HeadSize, sizes.Columns);
        (int ofQueries, int ofKeys) = (sizes.Heads * size, sizes.KeyValueHeads * size);
        queries = TorchLibrary.Floats(tensors[0]);
        if (sizes.IsJoint)
        {
            keys = queries + ofQueries;
            values = keys + ofKeys;
            QueryStride = KeyStride = ofQueries + (2 * ofKeys);
            (queryColumns, firstQuery) = (columns, sizes.From);
            return;
        }
        keys = TorchLibrary.Floats(tensors[1]);
        values = TorchLibrary.Floats(tensors[2]);
        (QueryStride, KeyStride, queryColumns, firstQuery) = (ofQueries, ofKeys, sizes.Wanted, 0);
    }

    /// <summary>Numbers from a column's queries to the next column's.</summary>
    public int QueryStride { get; }

    /// <summary>Numbers from a column's keys, or values, to the next column's.</summary>
    public int KeyStride { get; }

    /// <summary>The query of the first wanted column.</summary>
    public float* Query(long row, int head) => queries + (((row * queryColumns) + firstQuery) * QueryStride) + (head * size);

    /// <summary>The key of the first column.</summary>
    public float* Key(long row, int head) => keys + (row * columns * KeyStride) + (head * size);

    /// <summary>The value of the first column.</summary>
    public float* Value(long row, int head) => values + (row * columns * KeyStride) + (head * size);
}
