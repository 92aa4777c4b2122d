using System.Text.Json;

namespace SafeRlhfV.Models;

/// <summary>
/// A `native-names` case of InternVL: the names that the model's original code gives the tensors. A checkpoint with the hub's names is read; one with those is
/// refused by them, not read in part.
/// </summary>
internal static class ParityNames
{
    public static void Run(VisionLanguageModel model, ParityCase reference, ParityChecks checks)
    {
        JsonElement[] rows = [.. reference.Json.GetProperty("rows").EnumerateArray()];
        Dictionary<string, TorchSharp.Modules.Parameter> known = ParityModel.Names(model);
        checks.Add("tensors of the hub's layout that the model lacks or that have another shape",
            rows.Count(row => !known.TryGetValue(row.GetProperty("hub").GetString()!, out var parameter)
                || !parameter.shape.SequenceEqual(row.GetProperty("hub_shape").EnumerateArray().Select(side => side.GetInt64()))), 0);
        string[] native = [.. rows.Select(row => row.GetProperty("native").GetString()!).Distinct()];
        checks.Add("tensors of the original code's layout that are read as if they were the hub's", Refusal() is { } message
            && native.Any(name => message.Contains(name, StringComparison.Ordinal)) ? 0 : 1, 0);

        string? Refusal()
        {
            try
            {
                model.Config.Family.Recognise(reference.Name, native);
                return null;
            }
            catch (InvalidInputException error)
            {
                return error.Message;
            }
        }
    }
}
