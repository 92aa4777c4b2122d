using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Runs prompts that share their beginnings: each beginning once, then the last columns of every row over a copy of its keys and values.</summary>
internal static class SharedPrefill
{
    /// <summary>Fills the cache with the prompts and gives the state of their last column, [B, 1, H].</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">Left-padded prompts with <see cref="GenerationPrompt.Shared"/>.</param>
    /// <param name="shared">What they share.</param>
    /// <param name="valid_BL">Valid columns, bool.</param>
    /// <param name="positions">Positions of the whole prompts, [B, L] or [3, B, L].</param>
    /// <param name="cache">An empty cache of B rows.</param>
    public static Tensor Run(VisionLanguageModel model, GenerationPrompt prompt, SharedPrompts shared, Tensor valid_BL, Tensor positions, KeyValueCache cache)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor ids_BL = prompt.Ids_BL;
        (long rows, long columns) = (ids_BL.shape[0], ids_BL.shape[1]);
        int tail = shared.Tail, kept = (int)columns - tail;
        using Scalar imageToken = model.ImageTokenId;
        Tensor isImage_BL = ids_BL.eq(imageToken);
        // which of the images' tokens stands at a column, where one does
        Tensor imageAt_BL = isImage_BL.reshape(-1).cumsum(0).sub(Scalars.One).view(rows, columns);
        Tensor leaders_G = tensor(shared.Leaders.Select(row => (long)row).ToArray(), device: ids_BL.device);
        // prompts are padded on the left: rows of one length end their beginnings in the same column
        Tensor Beginning(Tensor x) => x.index_select(-2, leaders_G).narrow(-1, 0, kept);
        Tensor End(Tensor x) => x.narrow(-1, kept, tail);
        ImageEmbeddings? Images(Func<Tensor, Tensor> part)
        {
            Tensor wanted_T = part(imageAt_BL).masked_select(part(isImage_BL));
            return prompt.Images is null || wanted_T.shape[0] == 0 ? null : prompt.Images.Take(wanted_T);
        }

        // a shorter prompt takes columns that lie before its leader's last ones
        using KeyValueCache beginnings = model.NewCache(shared.Leaders.Count, kept, keepsAll: true);
        model.Hidden(Beginning(ids_BL), Beginning(valid_BL), Beginning(positions), Images(Beginning), beginnings, from: kept - 1);
        Copy(beginnings, cache, shared, valid_BL, kept);
        return model.Hidden(End(ids_BL), valid_BL, End(positions), Images(End), cache, from: tail - 1).MoveToOuterDisposeScope();
    }

    private static void Copy(KeyValueCache beginnings, KeyValueCache cache, SharedPrompts shared, Tensor valid_BL, int kept)
    {
        long[] lengths = valid_BL.sum(1).cpu().data<long>().ToArray();
        cache.CopyRows(beginnings, tensor(shared.GroupOf.Select(group => (long)group).ToArray(), device: valid_BL.device));
        for (int row = 0; row < lengths.Length; row++)
        {
            // a shorter prompt takes less of the beginning than its leader, and further right
            int leader = shared.Leaders[shared.GroupOf[row]], taken = Math.Max(0, (int)lengths[row] - shared.Tail);
            if (lengths[row] < lengths[leader])
                cache.CopyColumns(beginnings, shared.GroupOf[row], kept - ((int)lengths[leader] - shared.Tail), row, kept - taken, taken);
        }
    }
}
