using System.Text.Json;

namespace SafeRlhfV.Models;

/// <summary>Writes weights as one safetensors file, or as shards with an index.</summary>
internal static class ShardedWriter
{
    public static void Write(string folder, IReadOnlyList<PendingTensor> weights, long maxShardBytes, Action<PendingTensor>? written = null)
    {
        List<List<PendingTensor>> shards = [[]];
        long inShard = 0;
        foreach (PendingTensor item in weights.OrderBy(item => item.Name, StringComparer.Ordinal))
        {
            if (inShard > 0 && inShard + item.Bytes > maxShardBytes)
            {
                shards.Add([]);
                inShard = 0;
            }
            shards[^1].Add(item);
            inShard += item.Bytes;
        }
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), shards[0], written: written);
            return;
        }
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        for (int i = 0; i < shards.Count; i++)
        {
            string file = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            SafetensorsWriter.Write(Path.Combine(folder, file), shards[i], written: written);
            foreach (PendingTensor item in shards[i]) map[item.Name] = file;
        }
        var index = new { metadata = new { total_size = weights.Sum(item => item.Bytes) }, weight_map = map };
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"),
            JsonSerializer.Serialize(index, new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }
}
