using System.Text.Json;

namespace SafeRlhfV.Audit;

/// <summary>Records as lines of JSON, with all that an auditor needs to compute their hashes anew.</summary>
internal static class AuditLines
{
    /// <summary>A record of the trail as it is. An erased one has no record, but its leaf.</summary>
    public static string Of(AuditRecord record)
    {
        string content = record.IsErased
            ? $"null,\"erased\":{{\"sequence\":{record.Sequence},\"kind\":{Text(record.Kind)},\"request\":{Text(record.Request)},"
                + $"\"at\":{Text(record.At)},\"chain\":{Text(record.Chain)}}}"
            : record.Payload;
        string digest = record.Digest is null ? "" : $",\"digest\":\"{record.Digest}\"";
        string salt = record.Salt is null ? "" : $",\"salt\":\"{record.Salt}\"";
        return $"{{\"record\":{content},\"previous\":\"{record.Previous}\",\"hash\":\"{record.Hash}\"{digest}{salt}}}\n";
    }

    private static string Text(string text) => JsonSerializer.Serialize(text);
}
