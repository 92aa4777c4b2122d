using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>Enumerates the BeaverTails-V fixtures.</summary>
internal static class BeaverTailsCases
{
    public static string Root => Golden.At("beavertails-v");

    private static readonly JsonElement Manifest =
        JsonDocument.Parse(File.ReadAllText(Golden.At("beavertails-v", "manifest.json"))).RootElement.GetProperty("files");

    private static readonly JsonElement Expected =
        JsonDocument.Parse(File.ReadAllText(Golden.At("beavertails-v", "broken", "expected.json"))).RootElement.GetProperty("files");

    public static IEnumerable<TheoryDataRow<string>> GoodFiles => Manifest.EnumerateObject().Select(file => new TheoryDataRow<string>(file.Name));

    /// <summary>Folders of the manifest's files that are data sets: those with a "data" folder.</summary>
    public static IEnumerable<TheoryDataRow<string>> GoodFolders =>
        Manifest.EnumerateObject().Select(file => file.Name).Where(name => name.Contains("/data/", StringComparison.Ordinal))
        .Select(name => name[..name.IndexOf("/data/", StringComparison.Ordinal)]).Distinct().Select(name => new TheoryDataRow<string>(name));

    public static IEnumerable<TheoryDataRow<string>> JsonlFiles => Directory.EnumerateFiles(Root, "*.jsonl", SearchOption.AllDirectories).Order()
        .Select(file => new TheoryDataRow<string>(Path.GetRelativePath(Root, file)));

    public static IEnumerable<TheoryDataRow<string>> BrokenFiles => Expected.EnumerateObject().Select(file => new TheoryDataRow<string>(file.Name));

    public static string[] Digests(string file) =>
        [.. Manifest.GetProperty(file).GetProperty("row_digests").EnumerateArray().Select(digest => digest.GetString()!)];

    public static JsonElement Broken(string file) => Expected.GetProperty(file);

    public static string[] Strings(JsonElement list) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
        : [];

    public static long[] Numbers(JsonElement list) => list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(item => item.GetInt64())] : [];

    /// <summary>The manifest's digest of a row.</summary>
    public static string Digest(DatasetRow row)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, ColumnKind kind) in row.Schema.Columns)
        {
            byte[]? cell = kind switch
            {
                ColumnKind.Text => Bytes(row.Text(name)),
                ColumnKind.Integer => Bytes(row.Integer(name)?.ToString()),
                _ => row.Image is { } image ? [.. image.Bytes ?? [0], 0x1e, .. Bytes(image.Path) ?? [0]] : null,
            };
            hash.AppendData(cell ?? [0]);
            hash.AppendData([0x1f]);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
