using System.Text.Json;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Qwen's smart-resize cases: the size that an image gets, and which proportions are refused.</summary>
internal static class ParityResize
{
    public static void Run(ParityCase reference, ParityChecks checks)
    {
        Tensor table = reference.Tensor("table");
        long[] rows = table.reshape(-1).data<long>().ToArray(), ours = [.. rows];
        int width = (int)table.shape[1];
        for (int at = 0; at < ours.Length; at += width)
            (ours[at + 5], ours[at + 6]) = ImageSizes.Smart((int)rows[at], (int)rows[at + 1], (int)rows[at + 2], rows[at + 3], rows[at + 4]);
        checks.Exact("table", tensor(ours).view(table.shape));
        int taken = reference.Field("errors") is { ValueKind: JsonValueKind.Array } errors
            ? errors.EnumerateArray().Count(entry => !IsRefused(entry.GetProperty("size_wh"))) : 0;
        checks.Add("proportions that are not refused", taken, 0);
    }

    private static bool IsRefused(JsonElement size)
    {
        try
        {
            _ = ImageSizes.Smart(size[1].GetInt32(), size[0].GetInt32(), 28, 1, long.MaxValue);
            return false;
        }
        catch (InvalidInputException)
        {
            return true;
        }
    }
}
