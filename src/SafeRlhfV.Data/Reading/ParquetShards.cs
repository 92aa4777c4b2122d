using System.Globalization;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>
/// Tables in several Parquet files, as Hugging Face lays them out: NAME-00000-of-00003.parquet, perhaps with a hash behind the numbers. All of them make
/// the table.
/// </summary>
internal static partial class ParquetShards
{
    /// <summary>What the shards of one table have in common; a file that is no shard is a table of its own.</summary>
    public static string TableOf(string file) => Name().Match(Path.GetFileName(file)) is { Success: true } name
        ? Path.Combine(Path.GetDirectoryName(file) ?? "", $"{name.Groups[1].Value}-of-{name.Groups[3].Value}") : file;

    /// <summary>All shards of a file's table that lie beside it, in order; the file alone where it is no shard.</summary>
    /// <exception cref="InvalidInputException">A shard is missing, or there twice.</exception>
    public static IReadOnlyList<string> Of(string file)
    {
        if (!Name().IsMatch(Path.GetFileName(file))) return [file];
        string table = TableOf(file);
        string[] shards = [.. Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(file))!, "*.parquet")
            .Select(one => Path.Combine(Path.GetDirectoryName(file) ?? "", Path.GetFileName(one)))
            .Where(one => TableOf(one) == table).OrderBy(NumberOf)];
        Check(shards, "the table");
        return shards;
    }

    /// <summary>Checks that tables are whole: half a table is neither trained on nor measured by accident.</summary>
    /// <param name="files">All files.</param>
    /// <param name="what">What they are, for the message.</param>
    /// <exception cref="InvalidInputException">A shard is missing, or there twice.</exception>
    public static void Check(IEnumerable<string> files, string what)
    {
        foreach (IGrouping<string, string> table in files.Where(file => Name().IsMatch(Path.GetFileName(file))).GroupBy(TableOf))
        {
            int of = int.Parse(table.Key[(table.Key.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);
            int[] present = [.. table.Select(NumberOf).Order()];
            if (present.Zip(present.Skip(1)).Any(two => two.First == two.Second))
                throw new InvalidInputException($"{table.First()}: a shard of {what} is there twice under two names; keep one.");
            if (present.Length >= of) continue;
            int absent = Enumerable.Range(0, of).First(shard => !present.Contains(shard));
            string stem = table.Key[..^"-of-00000".Length];
            throw new InvalidInputException($"{stem}-{absent:00000}-of-{of:00000}.parquet: this shard of {what} is missing ({present.Length} of {of} are "
                + "there); fetch it.");
        }
    }

    private static int NumberOf(string file) => int.Parse(Name().Match(Path.GetFileName(file)).Groups[2].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(.*)-(\d{5})-of-(\d{5})(?:-[0-9a-f]+)?\.parquet$")]
    private static partial Regex Name();
}
