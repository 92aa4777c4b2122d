namespace SafeRlhfV.Audit;

/// <summary>The tables of a trail, and how those of earlier builds become today's.</summary>
internal static class AuditTables
{
    // INTEGER makes the number SQLite's own row number, which saves a second index. A file has one chain.
    public const string Sqlite = """
        CREATE TABLE IF NOT EXISTS guard_audit (
            sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, request TEXT NOT NULL, at TEXT NOT NULL, payload TEXT NOT NULL, previous TEXT NOT NULL,
            hash TEXT NOT NULL, digest TEXT, salt TEXT);
        CREATE INDEX IF NOT EXISTS guard_audit_request ON guard_audit (request);
        CREATE TABLE IF NOT EXISTS guard_audit_mark (name TEXT PRIMARY KEY, sequence BIGINT NOT NULL, hash TEXT NOT NULL, seal TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS guard_audit_content (name TEXT PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS guard_audit_probe (chain TEXT PRIMARY KEY, at TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS guard_audit_checkpoint (
            chain TEXT NOT NULL, first BIGINT NOT NULL, size BIGINT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL, tree TEXT NOT NULL, proof TEXT NOT NULL,
            token BLOB, PRIMARY KEY (chain, size));
        CREATE TABLE IF NOT EXISTS guard_audit_hold (name TEXT PRIMARY KEY, at TEXT NOT NULL, holder TEXT NOT NULL, reason TEXT NOT NULL);
        """;

    /// <summary>Whether a file's records have the columns of version 2.</summary>
    public const string SqliteHasDigests = "SELECT COUNT(*) FROM pragma_table_info('guard_audit') WHERE name = 'salt'";

    /// <summary>Gives a file of an earlier build the columns of version 2. What it holds stays as it is.</summary>
    public const string SqliteDigests = "ALTER TABLE guard_audit ADD COLUMN digest TEXT; ALTER TABLE guard_audit ADD COLUMN salt TEXT";

    // The statements are one transaction; without the lock, gateways that start side by side on an empty database would trip over each other. Nothing is
    // altered where nothing is missing: even an ALTER without effect would wait for every reader, and all writers would wait behind it.
    public const string Postgres = """
        SELECT pg_advisory_xact_lock(729114502);
        DO $$
        BEGIN
            IF to_regclass('guard_audit') IS NULL THEN
                CREATE TABLE guard_audit (
                    chain TEXT NOT NULL DEFAULT 'main', sequence BIGINT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL, at TEXT NOT NULL,
                    payload TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, digest TEXT, salt TEXT,
                    CONSTRAINT guard_audit_pkey PRIMARY KEY (chain, sequence));
                CREATE INDEX guard_audit_request ON guard_audit (request);
                CREATE INDEX guard_audit_at ON guard_audit (at, sequence);
            ELSIF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('guard_audit') AND attname = 'chain') THEN
                ALTER TABLE guard_audit ADD COLUMN chain TEXT NOT NULL DEFAULT 'main';
                ALTER TABLE guard_audit DROP CONSTRAINT guard_audit_pkey, ADD CONSTRAINT guard_audit_pkey PRIMARY KEY (chain, sequence);
                CREATE INDEX guard_audit_at ON guard_audit (at, sequence);
            END IF;
            IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('guard_audit') AND attname = 'salt') THEN
                ALTER TABLE guard_audit ADD COLUMN digest TEXT, ADD COLUMN salt TEXT;
            END IF;
            IF to_regclass('guard_audit_mark') IS NULL THEN
                CREATE TABLE guard_audit_mark (name TEXT PRIMARY KEY, sequence BIGINT NOT NULL, hash TEXT NOT NULL, seal TEXT NOT NULL);
            END IF;
            IF to_regclass('guard_audit_content') IS NULL THEN
                CREATE TABLE guard_audit_content (name TEXT PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, body BYTEA NOT NULL);
            END IF;
            IF to_regclass('guard_audit_probe') IS NULL THEN
                CREATE TABLE guard_audit_probe (chain TEXT PRIMARY KEY, at TEXT NOT NULL);
            END IF;
            IF to_regclass('guard_audit_checkpoint') IS NULL THEN
                CREATE TABLE guard_audit_checkpoint (
                    chain TEXT NOT NULL, first BIGINT NOT NULL, size BIGINT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL, tree TEXT NOT NULL,
                    proof TEXT NOT NULL, token BYTEA, PRIMARY KEY (chain, size));
            END IF;
            IF to_regclass('guard_audit_hold') IS NULL THEN
                CREATE TABLE guard_audit_hold (name TEXT PRIMARY KEY, at TEXT NOT NULL, holder TEXT NOT NULL, reason TEXT NOT NULL);
            END IF;
        END $$;
        """;
}
