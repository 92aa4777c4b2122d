using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Audit;

/// <summary>
/// Checks the records of a bundle by themselves: each payload against its digest, the order of the numbers, and, where a chain is there from the tree's first
/// leaf on, the Merkle tree against every checkpoint that ends within the bundle.
/// </summary>
internal sealed class AuditBundleReader(AuditVerifier verifier)
{
    private readonly List<string> faults = [];
    private readonly Dictionary<string, List<AuditCheckpoint>> checkpoints = [];
    private readonly Dictionary<string, Chain> chains = [];
    private long records, erased;
    private int signed;

    public void ReadCheckpoints(string text)
    {
        // each note is its text, an empty line and its signatures
        string[] parts = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i + 1 < parts.Length; i += 2)
        {
            if (AuditCheckpoint.Read($"{parts[i]}\n\n{parts[i + 1].TrimEnd('\n')}\n", verifier) is not { } checkpoint)
            {
                faults.Add($"checkpoint {(i / 2) + 1} is not signed by {verifier.Name}");
                continue;
            }
            signed++;
            if (!checkpoints.TryGetValue(checkpoint.Chain, out List<AuditCheckpoint>? own)) checkpoints[checkpoint.Chain] = own = [];
            own.Add(checkpoint);
        }
    }

    public void ReadRecord(string line)
    {
        records++;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement, record = root.GetProperty("record");
            bool isErased = record.ValueKind == JsonValueKind.Null;
            if (isErased) erased++;
            JsonElement found = isErased ? root.GetProperty("erased") : record;
            // what one reader takes of two values, another may not
            if ((RepeatedName(root) ?? RepeatedName(found)) is { } twice) faults.Add($"line {records} of the records has '{twice}' more than once");
            long sequence = found.GetProperty("sequence").GetInt64();
            string chain = found.TryGetProperty("chain", out JsonElement named) ? named.GetString()! : AuditChains.Main;
            byte[] leaf = Leaf(root, record, found, chain, sequence);
            Follow(chain, sequence, root.GetProperty("previous").GetString()!, root.GetProperty("hash").GetString()!, leaf);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            faults.Add($"line {records} of the records cannot be read");
        }
    }

    public AuditBundleCheck End() => new(records, erased, signed, chains.Values.Sum(chain => chain.Proven), faults);

    private static string? RepeatedName(JsonElement part) =>
        part.EnumerateObject().GroupBy(member => member.Name).FirstOrDefault(group => group.Count() > 1)?.Key;

    // A record of version 1 has no digest: it is its own leaf.
    private byte[] Leaf(JsonElement root, JsonElement record, JsonElement found, string chain, long sequence)
    {
        if (!root.TryGetProperty("digest", out JsonElement written)) return Encoding.UTF8.GetBytes(record.GetRawText());
        string digest = written.GetString()!;
        if (record.ValueKind != JsonValueKind.Null)
        {
            byte[] salt = Convert.FromHexString(root.GetProperty("salt").GetString()!);
            if (AuditChain.PayloadDigest(salt, Encoding.UTF8.GetBytes(record.GetRawText())) != digest)
                faults.Add($"record {sequence} of chain {chain} is not the one that its digest covers");
        }
        return AuditChain.Leaf(sequence, found.GetProperty("at").GetString()!, found.GetProperty("kind").GetString()!,
            found.GetProperty("request").GetString()!, chain, digest);
    }

    private void Follow(string name, long sequence, string previous, string hash, byte[] leaf)
    {
        List<AuditCheckpoint> signed = checkpoints.GetValueOrDefault(name) ?? [];
        if (!chains.TryGetValue(name, out Chain? chain))
        {
            // a tree is computed anew where the bundle begins with its first leaf
            chains[name] = chain = new(signed.Count > 0 && signed[0].First >= sequence ? new() : null, signed.Count > 0 ? signed[0].First : 0);
        }
        else if (sequence != chain.Last + 1 || previous != chain.Hash)
            faults.Add($"record {sequence} of chain {name} does not follow record {chain.Last}");
        (chain.Last, chain.Hash) = (sequence, hash);
        if (chain.Tree is not { } tree || sequence < chain.First) return;
        tree.Append(MerkleTree.LeafHash(leaf));
        foreach (AuditCheckpoint checkpoint in signed.Where(one => one.Size == tree.Size))
        {
            if (checkpoint.Root.AsSpan().SequenceEqual(tree.Root)) chain.Proven = tree.Size;
            else faults.Add($"the first {tree.Size} records of chain {name} are not those that its checkpoint signed");
        }
    }

    private sealed class Chain(MerkleFrontier? tree, long first)
    {
        public MerkleFrontier? Tree => tree;

        public long First => first;

        public long Last { get; set; }

        public string Hash { get; set; } = "";

        public long Proven { get; set; }
    }
}
