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
}
