using System.Data.Common;
using System.Text.Json;

namespace SafeRlhfV.Audit;

/// <summary>
/// Checks a trail within one transaction: the chain of anchors first, then every chain against its own links and marks, against the anchors that name it, and
/// against the checkpoints that a public key proves.
/// </summary>
internal sealed class AuditVerification(
    AuditReader reader, DbConnection connection, DbTransaction transaction, AuditChain arithmetic, AuditExpectations expected)
{
    private const int MostFaults = 1000;
    private readonly List<string> faults = [];
    private readonly Dictionary<string, List<AuditMark>> anchored = []; // by chain: the heads that its anchors name, in their order
    private readonly Dictionary<string, long> retired = []; // by chain: the number that it had reached
    private AuditRuns runs = AuditRuns.None;
    private bool isBlind; // sealed with a key that is not at hand: links, seals and fingerprints cannot be checked, checkpoints can

    public async Task<AuditCheck> RunAsync(CancellationToken cancellationToken)
    {
        AuditMarks marks = await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
        isBlind = expected.Verifier is not null && !arithmetic.IsKeyed && marks.AreSealed;
        runs = await AuditRuns.ReadAsync(reader, connection, transaction, cancellationToken).ConfigureAwait(false);
        if (!isBlind)
        {
            await foreach ((string name, byte[] body) in reader.ContentsAsync(connection, transaction, cancellationToken).ConfigureAwait(false))
            {
                runs.Add(name);
                if (arithmetic.Fingerprint(body) != name) Fault($"the kept content {name} was changed");
            }
        }
        await AuditHolds.CompareAsync(reader, connection, transaction, Fault, cancellationToken).ConfigureAwait(false);
        HashSet<string> names = [.. marks.Chains, .. await reader.ChainsAsync(connection, transaction, cancellationToken).ConfigureAwait(false)];
        names.UnionWith(await AuditCheckpoints.ChainsAsync(connection, transaction, cancellationToken).ConfigureAwait(false));
        AuditChainState? anchors = names.Remove(AuditChains.Anchors)
            ? await CheckAsync(AuditChains.Anchors, marks, "the anchors: ", cancellationToken).ConfigureAwait(false)
            : null;
        names.UnionWith(anchored.Keys);
        AuditMark? noted = expected.Head;
        if (noted is not null && noted.Chain != AuditChains.Anchors && !IsRetired(noted)) names.Add(noted.Chain);
        foreach (AuditCheckpoint note in expected.Notes)
            if (note.Chain != AuditChains.Anchors && !IsRetired(new(note.Last, "", note.Chain))) names.Add(note.Chain);
        if (names.Count == 0) names.Add(AuditChains.Main);
        bool isAlone = anchors is null && names.Count == 1;
        List<AuditChainState> chains = [];
        foreach (string name in names.Order(StringComparer.Ordinal))
            chains.Add(await CheckAsync(name, marks, isAlone && name == AuditChains.Main ? "" : $"chain {name}: ", cancellationToken).ConfigureAwait(false));
        if (anchors is not null) chains.Add(anchors);
        else if (noted?.Chain == AuditChains.Anchors || expected.Notes.Any(note => note.Chain == AuditChains.Anchors)) Fault("the chain of anchors is gone");
        if (chains.All(chain => chain.Records == 0) && faults.Count == 0)
            Fault("the trail is empty: a trail that was ever written keeps at least the record of its last deletion");
        if (expected.Verifier is { } key && chains.All(chain => chain.Signed == 0) && faults.Count == 0)
            Fault($"the trail has no checkpoint signed by {key.Name}");
        return new(chains.Sum(chain => chain.Records), (anchors ?? chains[0]).Head, faults, arithmetic.IsKeyed)
        {
            Chains = chains,
            Erased = chains.Sum(chain => chain.Erased),
            IsBlind = isBlind,
        };
    }

    private async Task<AuditChainState> CheckAsync(string name, AuditMarks marks, string prefix, CancellationToken cancellationToken)
    {
        void Tell(string fault) => Fault(prefix + fault);
        AuditMark? noted = expected.Head?.Chain == name && !IsRetired(expected.Head) ? expected.Head : null;
        AuditMark start = Mark(AuditMarks.Start) ?? AuditMark.Empty(name), last = start;
        AuditMark? head = Mark(AuditMarks.Head);
        List<AuditMark> anchored = this.anchored.GetValueOrDefault(name, []);
        TreeCheck? tree = expected.Verifier is null ? null : new(expected, name, start.Sequence,
            await AuditCheckpoints.ReadAsync(connection, transaction, name, cancellationToken, Tell).ConfigureAwait(false), IsRetired, Tell);
        int next = 0;
        long records = 0, erased = 0;

        // A mark that no key seals proves nothing: whoever deleted the noted record could have written it.
        bool isBefore = noted is not null && noted.Sequence <= start.Sequence;
        bool met = noted is null || (isBefore && arithmetic.IsKeyed && (noted.Sequence < start.Sequence || noted == start));
        CompareAnchors(start); // records before are deleted, and their anchors prove nothing any more
        await foreach (AuditRecord record in reader.ReadAsync(connection, transaction, name, cancellationToken).ConfigureAwait(false))
        {
            records++;
            if (record.Sequence > last.Sequence + 1)
                Tell(record.Sequence == last.Sequence + 2
                    ? $"record {last.Sequence + 1} is missing"
                    : $"records {last.Sequence + 1} to {record.Sequence - 1} are missing");
            else if (record.Sequence <= last.Sequence) Tell($"record {record.Sequence} should have been deleted or is out of order");
            else if (record.Previous != last.Hash) Tell($"record {record.Sequence} does not follow the record before it");
            byte[] leaf = record.Leaf;
            bool isChanged = !isBlind && arithmetic.Link(record.Previous, leaf) != record.Hash;
            if (record.IsErased)
            {
                erased++;
                if (!runs.AreErased(name, record.Sequence)) Tell($"record {record.Sequence} was erased, but no record says so");
            }
            else
            {
                isChanged |= record.Digest is not null && !HasDigest(record);
                if (FindContradiction(record, name) is { } contradiction) Tell($"record {record.Sequence}: {contradiction}");
            }
            if (isChanged) Tell($"record {record.Sequence} was changed{OrAnotherKey}");
            tree?.Add(record.Sequence, leaf);
            if (record.Sequence == noted?.Sequence)
            {
                met = true;
                if (record.Hash != noted.Hash) Tell($"record {record.Sequence} is not the one that was noted");
            }
            last = new(record.Sequence, record.Hash, name);
            CompareAnchors(last);
        }
        if (!met)
        {
            Tell(isBefore
                ? $"record {noted!.Sequence}, noted earlier, is gone, and without the key nothing proves that it was deleted for its age"
                : $"record {noted!.Sequence}, noted earlier, is missing: the end was cut off");
        }
        if (next < anchored.Count)
        {
            Tell(last.Sequence == 0
                ? $"is gone; its anchors name record {anchored[^1].Sequence}"
                : $"record {anchored[^1].Sequence}, which is anchored, is missing: the end was cut off");
        }
        if (head is null && records > 0) Tell("the head mark is missing");
        if (head is not null && head != last) Tell($"the head mark names record {head.Sequence}, but the last is {last.Sequence}");
        tree?.End(last.Sequence);
        long covered = Math.Max(start.Sequence, anchored.Count == 0 ? 0 : anchored[^1].Sequence);
        return new(name, records, last, name == AuditChains.Anchors ? 0 : Math.Max(0, last.Sequence - covered))
        {
            Erased = erased,
            Signed = tree?.Signed ?? 0,
            Unsigned = tree is null ? 0 : Math.Max(0, last.Sequence - Math.Max(start.Sequence, tree.SignedUpTo)),
        };

        AuditMark? Mark(string mark)
        {
            if (marks.Find(mark, name) is not { } found) return null;
            if (!isBlind && arithmetic.Seal(mark, found.Mark) != found.Seal) Tell($"the {mark} mark was changed{OrAnotherKey}");
            return found.Mark;
        }

        void CompareAnchors(AuditMark at)
        {
            for (; next < anchored.Count && anchored[next].Sequence <= at.Sequence; next++)
                if (anchored[next].Sequence == at.Sequence && anchored[next].Hash != at.Hash) Tell($"record {at.Sequence} is not the one that was anchored");
        }
    }

    private string OrAnotherKey => arithmetic.IsKeyed ? ", or the key is another" : "";

    private bool IsRetired(AuditMark mark) => retired.TryGetValue(mark.Chain, out long reached) && mark.Sequence <= reached;

    private void Fault(string fault)
    {
        if (faults.Count < MostFaults) faults.Add(fault);
    }

    private static bool HasDigest(AuditRecord record) =>
        record.Salt is { } salt && salt.Length % 2 == 0 && salt.All(char.IsAsciiHexDigit)
        && AuditChain.PayloadDigest(Convert.FromHexString(salt), System.Text.Encoding.UTF8.GetBytes(record.Payload)) == record.Digest;

    // The columns are only for finding records; what counts is the payload, so they must say the same.
    private string? FindContradiction(AuditRecord record, string chain)
    {
        try
        {
            using JsonDocument payload = JsonDocument.Parse(record.Payload);
            JsonElement root = payload.RootElement;
            if (root.GetProperty("sequence").GetInt64() != record.Sequence) return "its number was changed";
            if (root.GetProperty("kind").GetString() != record.Kind) return "its kind was changed";
            if (root.GetProperty("request").GetString() != record.Request) return "its request was changed";
            if ((root.TryGetProperty("chain", out JsonElement named) ? named.GetString() : AuditChains.Main) != chain) return "it is a record of another chain";
            if (root.GetProperty("at").GetString() != record.At) return "its time was changed";
            if (record.Digest is not null && !isBlind && runs.FindMissing(record.At, root) is { } missing) return $"the kept content {missing} is missing";
            return record.Kind is "anchor" or "retired" && chain == AuditChains.Anchors ? Gather(record, root.GetProperty("head")) : null;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "its payload is no record";
        }
    }

    // What an anchor says of another chain.
    private string? Gather(AuditRecord record, JsonElement named)
    {
        AuditMark head = new(named.GetProperty("sequence").GetInt64(), named.GetProperty("hash").GetString()!, record.Request);
        if (!isBlind && arithmetic.Seal(AuditMarks.Head, head) != named.GetProperty("seal").GetString())
            return $"the seal of the head that it holds is wrong{OrAnotherKey}";
        if (record.Kind == "retired")
        {
            anchored.Remove(head.Chain);
            retired[head.Chain] = head.Sequence;
            return null;
        }
        if (!anchored.TryGetValue(head.Chain, out List<AuditMark>? heads)) anchored[head.Chain] = heads = [];
        AuditMark? before = heads.Count == 0 ? null : heads[^1];
        heads.Add(head);
        return before is null || head == before || head.Sequence > before.Sequence
            ? null
            : $"chain {head.Chain} went back from record {before.Sequence} to {head.Sequence}";
    }
}
