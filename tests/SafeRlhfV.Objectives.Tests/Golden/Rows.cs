using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Between masked [B, T] tensors of the reference data and arrays of valid tokens, one a row, which the product computes with.</summary>
internal static class Rows
{
    /// <summary>The valid values of each row, in order.</summary>
    public static T[][] Of<T>(Tensor values_BT, Tensor mask_BT)
        where T : unmanaged => [.. Enumerable.Range(0, (int)mask_BT.shape[0]).Select(row => Flat<T>(values_BT[row][mask_BT[row]]))];

    /// <summary>All values.</summary>
    public static T[] Flat<T>(Tensor values) where T : unmanaged => values.detach().contiguous().data<T>().ToArray();

    /// <summary>Values at the valid places, and 0 elsewhere.</summary>
    public static Tensor Spread<T>(IReadOnlyList<T[]> rows, Tensor mask_BT) where T : unmanaged
    {
        T[] all = new T[mask_BT.numel()];
        bool[] valid = Flat<bool>(mask_BT);
        int at = 0;
        foreach (T value in rows.SelectMany(row => row))
        {
            while (!valid[at]) at++;
            all[at++] = value;
        }
        return (all is double[] doubles ? tensor(doubles) : tensor((float[])(object)all)).view(mask_BT.shape);
    }
}
