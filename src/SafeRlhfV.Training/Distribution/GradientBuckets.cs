using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Puts parameters into buckets, in the order in which the backward pass completes their gradients.</summary>
internal static class GradientBuckets
{
    /// <summary>Most bytes of a bucket.</summary>
    public const long MostBytes = 64L << 20;

    private const long LeastBytes = 64L << 10;

    // so many buckets travel beside the backward pass where the model is small
    private const int Wanted = 8;

    /// <summary>The buckets; the same on all ranks.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="blockOf">The block of the decoder that a parameter belongs to; null = none of them.</param>
    /// <param name="ranks">The ranks.</param>
    public static IReadOnlyList<GradientBucket> Of(IReadOnlyList<(string Name, Parameter Parameter)> parameters, Func<string, int?> blockOf, Ranks ranks)
    {
        foreach ((string name, Parameter parameter) in parameters)
            if (parameter.dtype is not (ScalarType.Float32 or ScalarType.BFloat16))
                throw new InvalidInputException($"{name} is {parameter.dtype}; over several ranks weights of float32 and bfloat16 are trained (model.dtype).");
        long bytes = Math.Clamp(parameters.Sum(one => one.Parameter.numel() * one.Parameter.element_size()) / Wanted, LeastBytes, MostBytes);
        List<GradientBucket> buckets = [];
        List<BucketPiece> pieces = [];
        int lowest = int.MaxValue;
        // the pass runs from the last block to the first; what is in no block may get gradients until its end
        foreach ((int index, (string name, Parameter parameter), int block) in parameters.Index()
            .Select(one => (one.Index, one.Item, Block: blockOf(one.Item.Name) ?? -1)).OrderByDescending(one => one.Block))
        {
            long room = bytes / parameter.element_size();
            for (long offset = 0; offset < parameter.numel();)
            {
                long filled = pieces.Count == 0 ? 0 : pieces[^1].At + pieces[^1].Length;
                if (pieces.Count > 0 && (filled >= room || pieces[0].Parameter.dtype != parameter.dtype))
                {
                    Close();
                    filled = 0;
                }
                long length = Math.Min(parameter.numel() - offset, room - filled);
                pieces.Add(new BucketPiece(index, name, parameter, offset, length, filled));
                lowest = Math.Min(lowest, block);
                offset += length;
            }
        }
        if (pieces.Count > 0) Close();
        return buckets;

        void Close()
        {
            buckets.Add(new GradientBucket([.. pieces], ranks, lowest));
            pieces.Clear();
            lowest = int.MaxValue;
        }
    }
}
