using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>The gradients that the last custom function on this thread gave: when the next one is called, the backward pass holds them itself.</summary>
internal static class GivenGradients
{
    [ThreadStatic] private static List<Tensor?>? given;

    public static void Keep(List<Tensor?> gradients) => given = gradients;

    public static void Free()
    {
        foreach (Tensor? one in given ?? []) one?.Dispose();
        given = null;
    }
}
