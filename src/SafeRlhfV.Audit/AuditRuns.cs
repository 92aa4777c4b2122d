using System.Data.Common;
using System.Globalization;
using System.Text.Json;

namespace SafeRlhfV.Audit;

/// <summary>What the records of erasures and of deletions for age say: which records may be empty, and which contents may be gone.</summary>
internal sealed class AuditRuns
{
    private readonly Dictionary<string, List<(long From, long To)>> erased = [];
    private readonly HashSet<UInt128> present = []; // half of a fingerprint tells contents apart
    private string contentsBefore = "";

    /// <summary>Of a trail without such records.</summary>
    public static AuditRuns None { get; } = new();

    public static async Task<AuditRuns> ReadAsync(AuditReader reader, DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        AuditRuns runs = new();
        foreach (AuditRecord record in await reader.OfKindsAsync(connection, transaction, ["erasure", "retention"], cancellationToken).ConfigureAwait(false))
        {
            try
            {
                using JsonDocument payload = JsonDocument.Parse(record.Payload);
                runs.Gather(record, payload.RootElement);
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
            {
                // told as a changed record
            }
        }
        return runs;
    }

    public void Add(string content) => present.Add(Half(content));

    public bool AreErased(string chain, long sequence) => erased.TryGetValue(chain, out List<(long From, long To)>? ranges)
        && ranges.Any(range => sequence >= range.From && sequence <= range.To);

    /// <summary>A content that a record says was kept, that is gone, and that no deletion accounts for; null where there is none.</summary>
    public string? FindMissing(string at, JsonElement payload)
    {
        if (string.CompareOrdinal(at, contentsBefore) < 0) return null;
        foreach (string name in PayloadContents.Names(payload))
            if (!present.Contains(Half(name))) return name;
        return null;
    }

    private void Gather(AuditRecord record, JsonElement payload)
    {
        if (record.Kind == "retention")
        {
            if (payload.TryGetProperty("contentsBefore", out JsonElement before) && string.CompareOrdinal(before.GetString(), contentsBefore) > 0)
                contentsBefore = before.GetString()!;
            return;
        }
        if (!erased.TryGetValue(record.Chain, out List<(long, long)>? ranges)) erased[record.Chain] = ranges = [];
        foreach (JsonElement range in payload.GetProperty("records").EnumerateArray()) ranges.Add((range[0].GetInt64(), range[1].GetInt64()));
    }

    private static UInt128 Half(string name) =>
        name.Length >= 32 && UInt128.TryParse(name.AsSpan(0, 32), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out UInt128 half) ? half : 0;
}
