using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>What a checkpoint folder holds: every file with its size and digest, so that damage is noticed and named.</summary>
internal sealed record CheckpointManifest(int Format, long Step, IReadOnlyList<CheckpointManifest.Item> Files)
{
    public const string FileName = "manifest.json";
    private const int Version = 1;
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Describes all files of a folder and writes the manifest beside them.</summary>
    public static void Write(string folder, long step)
    {
        IEnumerable<string> files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        Item[] items = [.. files.Select(file =>
            new Item(Path.GetRelativePath(folder, file).Replace('\\', '/'), FileSize.Of(file), DurableFiles.Sha256(file)))];
        File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(new CheckpointManifest(Version, step, items), Options));
    }

    /// <summary>Checks a folder against its manifest.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="step">Its step.</param>
    /// <param name="only">The one file whose content is looked at; null = all.</param>
    /// <returns>What is wrong, with the file's name; null if all is sound.</returns>
    public static string? FindDamage(string folder, long step, string? only = null)
    {
        CheckpointManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<CheckpointManifest>(File.ReadAllBytes(Path.Combine(folder, FileName)), Options);
        }
        catch (FileNotFoundException)
        {
            return $"{FileName} is missing";
        }
        catch (JsonException)
        {
            return $"{FileName} is not readable";
        }
        if (manifest is not { Files: not null } || manifest.Step != step) return $"{FileName} does not belong to step {step}";
        if (manifest.Format != Version) return $"{FileName} has format {manifest.Format}, and this program knows format {Version}";
        foreach (Item item in manifest.Files.Where(item => only is null || item.Path == only))
        {
            string path = Path.Combine(folder, item.Path);
            if (!File.Exists(path)) return $"{item.Path} is missing";
            long bytes = FileSize.Of(path);
            if (bytes != item.Bytes) return $"{item.Path} has {bytes} bytes instead of {item.Bytes}";
            if (DurableFiles.Sha256(path) != item.Sha256) return $"{item.Path} has another SHA-256 than when it was written";
        }
        return null;
    }

    /// <summary>One file.</summary>
    internal sealed record Item(string Path, long Bytes, string Sha256);
}
