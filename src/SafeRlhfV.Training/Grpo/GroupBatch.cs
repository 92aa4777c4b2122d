using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Whole groups of an update that run at a time, each prompt once beside all its answers. Rows are those of all first answers, then of all second ones, and so
/// on.
/// </summary>
internal sealed class GroupBatch
{
    private GroupBatch(int index, IReadOnlyList<Episode[]> groups, SampleBatcher batcher, bool masksOverlong)
    {
        Index = index;
        Episode[] rows = [.. InRows(groups)];
        Batch = batcher.CollateGroups([.. rows.Select(row => row.Sample)], groups[0].Length);
        Tensor mask_BT = Batch.ResponseMask_BT;
        Mask_BT = masksOverlong && rows.Any(row => !row.Ended)
            ? mask_BT.logical_and(tensor(rows.Select(row => row.Ended).ToArray(), device: mask_BT.device).unsqueeze(1))
            : mask_BT;
        LogProbs_BT = HostRows.Pad(rows, row => row.LogProbs, mask_BT);
        ReferenceLogProbs_BT = HostRows.Pad(rows, row => row.ReferenceLogProbs, mask_BT);
        Advantages_B1 = tensor(rows.Select(row => (float)row.Advantage).ToArray(), device: mask_BT.device).unsqueeze(1);
        if (rows.All(row => row.Weights is not null)) Weights_BT = HostRows.Pad(rows, row => row.Weights!, mask_BT);
    }

    /// <summary>Its place among the parts of the update.</summary>
    public int Index { get; }

    /// <summary>Prompts and answers, for the networks.</summary>
    public SequenceBatch Batch { get; }

    /// <summary>Answer tokens that are learnt from.</summary>
    public Tensor Mask_BT { get; }

    /// <summary>log π_old.</summary>
    public Tensor LogProbs_BT { get; }

    /// <summary>log π_ref.</summary>
    public Tensor ReferenceLogProbs_BT { get; }

    /// <summary>A of each answer.</summary>
    public Tensor Advantages_B1 { get; }

    /// <summary>Importance weights; null = 1.</summary>
    public Tensor? Weights_BT { get; }

    /// <summary>The parts of an update that this rank runs.</summary>
    public static GroupBatch[] Own(IReadOnlyList<Share<Episode[]>> shares, SampleBatcher batcher, bool masksOverlong) =>
        [.. shares.Where(share => share.IsOwn).Select(share => new GroupBatch(share.Index, share.Items, batcher, masksOverlong))];

    /// <summary>The answers of groups in the order of rows.</summary>
    public static IEnumerable<Episode> InRows(IReadOnlyList<Episode[]> groups) =>
        Enumerable.Range(0, groups[0].Length).SelectMany(answer => groups.Select(group => group[answer]));

    /// <summary>What the losses of an update are divided by.</summary>
    public static BatchSums Sums(IEnumerable<Episode[]> groups, bool masksOverlong, int maximumLength) => BatchSums.Of(
        [.. groups.SelectMany(group => group).Select(one => masksOverlong && !one.Ended ? 0 : one.LogProbs.Length)], maximumLength);
}
