namespace SafeRlhfV.Gateway;

/// <summary>The statements on the table of responses that gateways share.</summary>
internal static class ResponseTable
{
    // owner, id, previous, outputs, caller, end user, whether it is sealed, response, turn, bytes
    public const string Keep = """
        INSERT INTO guard_response (owner, id, previous, outputs, caller, end_user, is_sealed, response, turn, bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner, id) DO NOTHING
        """;

    // owner, id, the longest age
    public const string Find = """
        UPDATE guard_response SET at = statement_timestamp() WHERE owner = $1 AND id = $2 AND at >= statement_timestamp() - $3
        RETURNING id, previous, is_sealed, turn, outputs, response
        """;

    // Owner, id, the longest age. The newest turn comes first. A conversation that goes on is young again: at most once a minute, and rows that another
    // gateway is touching are left to it, so that two requests for one conversation never wait for each other.
    public const string Turns = """
        WITH RECURSIVE chain AS (
            SELECT id, previous, 0 AS depth FROM guard_response WHERE owner = $1 AND id = $2 AND at >= statement_timestamp() - $3
            UNION ALL
            SELECT one.id, one.previous, chain.depth + 1 FROM chain JOIN guard_response one ON one.owner = $1 AND one.id = chain.previous
            WHERE one.at >= statement_timestamp() - $3 AND chain.depth < 10000),
        due AS (
            SELECT one.id FROM guard_response one JOIN chain ON one.id = chain.id
            WHERE one.owner = $1 AND one.at < statement_timestamp() - interval '1 minute' FOR UPDATE OF one SKIP LOCKED),
        touched AS (UPDATE guard_response one SET at = statement_timestamp() FROM due WHERE one.owner = $1 AND one.id = due.id)
        SELECT one.id, one.previous, one.is_sealed, one.turn FROM chain JOIN guard_response one ON one.owner = $1 AND one.id = chain.id ORDER BY chain.depth
        """;

    // owner, id, the longest age
    public const string Forget = "DELETE FROM guard_response WHERE owner = $1 AND id = $2 AND at >= statement_timestamp() - $3";

    // the longest age, the most bytes of all together
    public const string Sweep = """
        WITH sized AS (SELECT owner, id, SUM(bytes) OVER (ORDER BY at DESC, id) AS total FROM guard_response)
        DELETE FROM guard_response one USING sized
        WHERE one.owner = sized.owner AND one.id = sized.id AND (one.at < statement_timestamp() - $1 OR sized.total > $2)
        """;

    // the response's name or null, the person or null
    public const string Erase = "DELETE FROM guard_response WHERE id = $1 OR caller = $2 OR end_user = $2";
}
