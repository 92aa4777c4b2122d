using System.Collections.Concurrent;

namespace SafeRlhfV.Data;

/// <summary>
/// Row groups of Parquet files whose page headers were checked. The check reads every page header of a group, and a cursor opens a group once for each block of
/// rows; so each group is checked once. The data in the pages has checksums, which are verified at every reading.
/// </summary>
internal sealed class CheckedGroups
{
    private readonly ConcurrentDictionary<(string File, int Group), bool> groups = [];

    /// <summary>Runs a check, unless the group has passed it.</summary>
    public void Check(string file, int group, Action check)
    {
        if (groups.ContainsKey((file, group))) return;
        check();
        groups[(file, group)] = true;
    }
}
