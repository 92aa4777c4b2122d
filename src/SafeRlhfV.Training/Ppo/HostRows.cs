using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>From tensors to arrays on the host.</summary>
internal static class HostRows
{
    /// <summary>All values.</summary>
    public static float[] Of(Tensor values) => values.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();

    /// <summary>The first <paramref name="lengths"/>[row] values of each row.</summary>
    public static float[][] Of(Tensor values_BT, IReadOnlyList<int> lengths)
    {
        float[] values = Of(values_BT);
        int width = (int)values_BT.shape[1];
        return [.. lengths.Select((length, row) => values.AsSpan(row * width, length).ToArray())];
    }

    /// <summary>Rows of arrays side by side, padded on the right with 0 to the mask's width, on its device.</summary>
    public static Tensor Pad<T>(IReadOnlyList<T> rows, Func<T, float[]> of, Tensor mask_BT)
    {
        int width = (int)mask_BT.shape[1];
        float[] padded = new float[rows.Count * width];
        for (int row = 0; row < rows.Count; row++) of(rows[row]).CopyTo(padded, row * width);
        return tensor(padded, device: mask_BT.device).view(rows.Count, width);
    }
}
