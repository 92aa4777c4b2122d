using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>The trail's sealed marks: of each chain its head, where it begins, and up to where it is anchored.</summary>
internal sealed class AuditMarks
{
    public const string Head = "head", Start = "start", Anchored = "anchored";

    public const string Insert =
        "INSERT INTO guard_audit_mark (name, sequence, hash, seal) VALUES (@name, @sequence, @hash, @seal) "
        + "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, seal = excluded.seal";

    private readonly Dictionary<string, (AuditMark Mark, string Seal)> marks;

    private AuditMarks(Dictionary<string, (AuditMark, string)> marks) => this.marks = marks;

    /// <summary>The chains that have a mark.</summary>
    public IEnumerable<string> Chains => marks.Values.Select(found => found.Mark.Chain).Distinct();

    /// <summary>Whether the marks are sealed with a key: without one, anybody can compute their seals.</summary>
    public bool AreSealed => !AreSealedBy(new(null));

    /// <summary>Whether all marks were sealed with a key.</summary>
    public bool AreSealedBy(AuditChain arithmetic) =>
        marks.All(found => arithmetic.Seal(found.Key.Split('/')[0], found.Value.Mark) == found.Value.Seal);

    /// <summary>Throws where they were sealed with another key.</summary>
    /// <exception cref="InvalidInputException">They were.</exception>
    public void Require(AuditChain arithmetic)
    {
        if (!AreSealedBy(arithmetic))
            throw new InvalidInputException(arithmetic.IsKeyed
                ? "The trail is sealed with another key than that of the key file."
                : "The trail is sealed with a key; give its file (--key-file).");
    }

    /// <summary>What a mark of a chain is called. The seal covers it, so that no chain's mark can stand for another's.</summary>
    public static string Name(string mark, string chain) => chain == AuditChains.Main ? mark : $"{mark}/{chain}";

    public (AuditMark Mark, string Seal)? Find(string mark, string chain) =>
        marks.TryGetValue(Name(mark, chain), out (AuditMark, string) found) ? found : null;

    public static async Task<AuditMarks> ReadAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        Dictionary<string, (AuditMark, string)> marks = [];
        await using DbCommand command = AuditDatabase.Command(connection, transaction, "SELECT name, sequence, hash, seal FROM guard_audit_mark");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            string name = reader.GetString(0);
            int slash = name.IndexOf('/');
            marks[name] = (new(reader.GetInt64(1), reader.GetString(2), slash < 0 ? AuditChains.Main : name[(slash + 1)..]), reader.GetString(3));
        }
        return new(marks);
    }

    public static async Task<(AuditMark Mark, string Seal)?> ReadAsync(
        DbConnection connection, DbTransaction transaction, string mark, string chain, CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(
            connection, transaction, "SELECT sequence, hash, seal FROM guard_audit_mark WHERE name = @name", ("name", Name(mark, chain)));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (new(reader.GetInt64(0), reader.GetString(1), chain), reader.GetString(2))
            : null;
    }

    public static Task WriteAsync(DbConnection connection, DbTransaction transaction, string mark, AuditMark at, AuditChain chain,
        CancellationToken cancellationToken) =>
        AuditDatabase.ExecuteAsync(
            connection,
            Insert,
            cancellationToken,
            transaction,
            ("name", Name(mark, at.Chain)), ("sequence", at.Sequence), ("hash", at.Hash), ("seal", chain.Seal(mark, at)));

    /// <summary>Takes away all marks of a chain.</summary>
    public static Task DeleteAsync(DbConnection connection, DbTransaction transaction, string chain, CancellationToken cancellationToken) =>
        AuditDatabase.ExecuteAsync(
            connection,
            "DELETE FROM guard_audit_mark WHERE name IN (@head, @start, @anchored)",
            cancellationToken,
            transaction,
            ("head", Name(Head, chain)), ("start", Name(Start, chain)), ("anchored", Name(Anchored, chain)));
}
