namespace SafeRlhfV.Gateway;

/// <summary>The tables that gateways share beside the audit trail, and the statements on them.</summary>
internal static class ReplicaTables
{
    /// <summary>The channel on which a new version of the keys or the policy is told.</summary>
    public const string Channel = "guard_settings";

    // one transaction; the lock as gateways may start side by side
    public const string Create = """
        SELECT pg_advisory_xact_lock(729114505);
        CREATE TABLE IF NOT EXISTS guard_settings (
            kind TEXT NOT NULL, version BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), publisher TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (kind, version));
        CREATE UNLOGGED TABLE IF NOT EXISTS guard_limit (
            name TEXT PRIMARY KEY, level DOUBLE PRECISION NOT NULL, granted DOUBLE PRECISION NOT NULL, at TIMESTAMPTZ NOT NULL);
        CREATE TABLE IF NOT EXISTS guard_session_key (name TEXT PRIMARY KEY, xml TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS guard_signed_out (session TEXT PRIMARY KEY, ends TIMESTAMPTZ NOT NULL);
        CREATE TABLE IF NOT EXISTS guard_response (
            owner TEXT NOT NULL, id TEXT NOT NULL, previous TEXT, outputs INTEGER NOT NULL, caller TEXT, end_user TEXT, is_sealed BOOLEAN NOT NULL,
            response BYTEA NOT NULL, turn BYTEA NOT NULL, bytes BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT statement_timestamp(),
            PRIMARY KEY (owner, id));
        CREATE INDEX IF NOT EXISTS guard_response_at ON guard_response (at);
        CREATE TABLE IF NOT EXISTS guard_refused (
            gateway TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT statement_timestamp(), is_sealed BOOLEAN NOT NULL, turn BYTEA NOT NULL);
        CREATE INDEX IF NOT EXISTS guard_refused_at ON guard_refused (at);
        """;

    /// <summary>The versions in force: the highest of each kind.</summary>
    public const string Read = "SELECT DISTINCT ON (kind) kind, version, body FROM guard_settings ORDER BY kind, version DESC";

    // kind, publisher, body
    public const string Publish = """
        INSERT INTO guard_settings (kind, version, publisher, body)
        SELECT $1, 1 + COALESCE((SELECT MAX(version) FROM guard_settings WHERE kind = $1), 0), $2, $3
        """;

    // Name, the most that the bucket holds (a minute's worth), what is wanted, what was used and not yet charged. The bucket fills by the database's clock,
    // and never for a time that another gateway has already been given. Only whole units are given: halves would lie with several gateways unused.
    public const string Lease = $"""
        INSERT INTO guard_limit (name, level, granted, at)
        VALUES ($1, $2 - $4 - LEAST(GREATEST(FLOOR($2 - $4), 0), $3), LEAST(GREATEST(FLOOR($2 - $4), 0), $3), statement_timestamp())
        ON CONFLICT (name) DO UPDATE SET
            granted = LEAST(GREATEST(FLOOR({Filled}), 0), $3),
            level = {Filled} - LEAST(GREATEST(FLOOR({Filled}), 0), $3),
            at = GREATEST(guard_limit.at, statement_timestamp())
        RETURNING granted, level
        """;

    private const string Filled = "(LEAST($2, guard_limit.level + GREATEST(0, EXTRACT(EPOCH FROM statement_timestamp() - guard_limit.at)) * $2 / 60) - $4)";
}
