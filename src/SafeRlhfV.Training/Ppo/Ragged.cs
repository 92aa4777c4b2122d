using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Between answers of their own lengths, on the host, and padded [B, T] tensors.</summary>
internal static class Ragged
{
    /// <summary>Rows side by side, filled up with 0.</summary>
    public static Tensor Pad(IReadOnlyList<float[]> rows, int width, Device device)
    {
        float[] values = new float[rows.Count * width];
        for (int row = 0; row < rows.Count; row++) rows[row].CopyTo(values, row * width);
        return tensor(values, device: device).view(rows.Count, width);
    }

    /// <summary>The first lengths[row] values of each row.</summary>
    public static float[][] Cut(Tensor values_BT, IReadOnlyList<int> lengths)
    {
        float[] values = values_BT.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        int width = (int)values_BT.shape[1];
        return [.. lengths.Select((length, row) => values.AsSpan(row * width, length).ToArray())];
    }
}
