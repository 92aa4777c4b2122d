using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Writes weights as one safetensors file, or as shards with an index.</summary>
internal static class ShardedWriter
{
    public static void Write(string folder, Dictionary<string, Tensor> weights, ScalarType dtype, long maxShardBytes)
    {
        long Bytes(Tensor tensor) => tensor.numel() * SafetensorsTypes.Size(tensor.is_floating_point() ? dtype : tensor.dtype);
        List<Dictionary<string, Tensor>> shards = [[]];
        long inShard = 0;
        foreach ((string name, Tensor tensor) in weights.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            long bytes = Bytes(tensor);
            if (inShard > 0 && inShard + bytes > maxShardBytes)
            {
                shards.Add([]);
                inShard = 0;
            }
            shards[^1][name] = tensor;
            inShard += bytes;
        }
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), weights, dtype: dtype);
            return;
        }
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        for (int i = 0; i < shards.Count; i++)
        {
            string file = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            SafetensorsWriter.Write(Path.Combine(folder, file), shards[i], dtype: dtype);
            foreach (string name in shards[i].Keys) map[name] = file;
        }
        var index = new { metadata = new { total_size = weights.Values.Sum(Bytes) }, weight_map = map };
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), JsonSerializer.Serialize(index, new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }
}
