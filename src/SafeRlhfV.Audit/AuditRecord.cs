using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Audit;

/// <summary>A link of the chain as it is stored.</summary>
/// <param name="Sequence">Its number, from 1 without gaps.</param>
/// <param name="Kind">prompt, end, review, or what else happened (docs/audit.md lists all).</param>
/// <param name="Request">The request that it is about; of an anchor, the chain.</param>
/// <param name="At">When, in UTC, as ISO 8601.</param>
/// <param name="Payload">What was recorded: one JSON object, which holds the four values before too, and the chain where it is not the main one.
/// Empty where it was erased.</param>
/// <param name="Previous">The hash of the record before.</param>
/// <param name="Hash">The hash of <paramref name="Previous"/> and of the record's leaf: <see cref="Digest"/> with the four first values and the chain;
/// of a record of version 1, <paramref name="Payload"/> itself.</param>
/// <param name="Chain">The chain that it is a link of.</param>
public sealed record AuditRecord(
    long Sequence, string Kind, string Request, string At, string Payload, string Previous, string Hash, string Chain = AuditChains.Main)
{
    /// <summary>The SHA-256 of <see cref="Salt"/> and <see cref="Payload"/>; null for a record of version 1, which builds before had.</summary>
    public string? Digest { get; init; }

    /// <summary>Random bytes in hexadecimal, so that nobody finds the payload by its digest; null where it was erased, and in version 1.</summary>
    public string? Salt { get; init; }

    /// <summary>Whether payload and salt were erased; the leaf, and with it the chain, stays.</summary>
    public bool IsErased => Digest is not null && Salt is null && Payload.Length == 0;

    /// <summary>What was recorded; null where it was erased, or changed so that it is no JSON object: <c>audit verify</c> finds such a change.</summary>
    public JsonObject? ReadPayload()
    {
        try
        {
            return Payload.Length == 0 ? null : JsonNode.Parse(Payload) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What the chain and the Merkle tree cover.</summary>
    internal byte[] Leaf => Digest is null ? Encoding.UTF8.GetBytes(Payload) : AuditChain.Leaf(Sequence, At, Kind, Request, Chain, Digest);
}
