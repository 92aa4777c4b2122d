using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>
/// What the prompts of one batch share. Prompts about the same images often begin with the same tokens, images among them, and differ in the question alone:
/// the common beginning is run once, and each row runs only its last columns.
/// </summary>
/// <param name="Leaders">For each distinct beginning, its longest prompt, which is run in place of all.</param>
/// <param name="GroupOf">For each prompt, the index of its beginning in <paramref name="Leaders"/>.</param>
/// <param name="Tail">Columns at the end of the batch that every prompt runs for itself: those of the longest text after a common beginning.</param>
public sealed record SharedPrompts(IReadOnlyList<int> Leaders, IReadOnlyList<int> GroupOf, int Tail)
{
    /// <summary>Prompts whose images are run with another prompt's.</summary>
    public int Followers => GroupOf.Count - Leaders.Count;

    /// <summary>Looks for common beginnings that hold all images of their prompts; null where sharing saves no work.</summary>
    /// <param name="prompts">The prompts of a batch.</param>
    /// <param name="imagesOf">For each prompt, which images it shows: equal numbers are equal images.</param>
    /// <param name="imageTokenId">The id that marks image positions.</param>
    /// <param name="wholeImages">The model sees an image both ways: no prompt may be cut within one.</param>
    public static SharedPrompts? Find(IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<IReadOnlyList<int>> imagesOf, int imageTokenId,
        bool wholeImages = false)
    {
        int[] groupOf = new int[prompts.Count];
        List<int> leaders = [];
        int tail = 0;
        foreach (IGrouping<int, int> same in Enumerable.Range(0, prompts.Count)
            .GroupBy(row => imagesOf[row].Count == 0 ? row : Enumerable.Range(0, row + 1).First(other => imagesOf[other].SequenceEqual(imagesOf[row]))))
        {
            int[] rows = [.. same];
            int common = rows.Length == 1 ? 0 : CommonLength([.. rows.Select(row => prompts[row].Ids)]);
            if (common == 0 || prompts[rows[0]].Ids.AsSpan(common).Contains(imageTokenId))
            {
                // nothing in common, or an image stands behind the first words that differ: each prompt has a beginning of its own
                foreach (int row in rows)
                {
                    groupOf[row] = leaders.Count;
                    leaders.Add(row);
                }
                continue;
            }
            foreach (int row in rows) groupOf[row] = leaders.Count;
            leaders.Add(rows.MaxBy(row => prompts[row].Ids.Length));
            tail = Math.Max(tail, rows.Max(row => prompts[row].Ids.Length) - common);
        }
        while (wholeImages && prompts.Any(prompt => CutsImage(prompt.Ids, prompt.Ids.Length - tail, imageTokenId))) tail++;
        int columns = prompts.Max(prompt => prompt.Ids.Length), kept = columns - tail;
        return leaders.Count < prompts.Count && kept > 0 && leaders.Count * kept + prompts.Count * tail < prompts.Count * columns
            ? new SharedPrompts(leaders, groupOf, tail) : null;
    }

    private static bool CutsImage(int[] ids, int at, int imageTokenId) => at > 0 && at < ids.Length && ids[at - 1] == imageTokenId && ids[at] == imageTokenId;

    // the last token of a prompt is always run: the answer begins with its state
    private static int CommonLength(int[][] texts)
    {
        int common = texts.Min(text => text.Length) - 1;
        foreach (int[] text in texts) common = Math.Min(common, text.AsSpan().CommonPrefixLength(texts[0]));
        return common;
    }
}
