namespace SafeRlhfV.Audit;

/// <summary>A link of the chain as it goes into the database: the record's fields with its payload as UTF-8.</summary>
internal readonly record struct AuditRow(
    long Sequence, AuditEntry Entry, string At, ReadOnlyMemory<byte> Payload, string Previous, string Hash, string Digest, string Salt);
