using System.Globalization;

namespace SafeRlhfV.Cli;

/// <summary>One of several parts of a benchmark that processes work on apart: item k belongs to the part k mod n.</summary>
internal sealed record Shard(int Number, int Of)
{
    /// <summary>What names of files end with; empty where there is one part.</summary>
    public string Suffix => Of == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{Number}-of-{Of}");

    /// <summary>Reads "2/4"; null is the whole.</summary>
    /// <exception cref="InvalidInputException">It is no such part.</exception>
    public static Shard Read(string? text)
    {
        if (text is null) return new(1, 1);
        return text.Split('/') is [var number, var of] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int at)
            && int.TryParse(of, NumberStyles.None, CultureInfo.InvariantCulture, out int all) && at >= 1 && at <= all
            ? new(at, all) : throw new InvalidInputException($"--shard {text}: give a part such as 2/4, the second of four.");
    }

    /// <summary>The items of this part.</summary>
    public IEnumerable<T> Take<T>(IEnumerable<T> items) => Of == 1 ? items : items.Where((_, i) => i % Of == Number - 1);
}
