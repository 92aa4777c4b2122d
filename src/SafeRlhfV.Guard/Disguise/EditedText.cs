using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>A text in which parts are replaced, and that knows which.</summary>
/// <param name="text">The text as it was.</param>
internal sealed class EditedText(string text)
{
    private const int Whole = 16_000; // characters: a text up to this length is given whole
    private const int Margin = 500; // characters, on each side of what was replaced
    private const string Between = "\n........\n"; // no reading joins what stands on its two sides
    private List<(int Start, int End)> changed = []; // in order, apart from each other

    /// <summary>The text as it is now.</summary>
    public string Text { get; private set; } = text;

    /// <summary>Whether nothing was replaced.</summary>
    public bool IsSame => changed.Count == 0;

    /// <summary>Replaces what an expression finds, where there is something else for it (not null).</summary>
    public void Replace(Regex regex, Func<ReadOnlySpan<char>, string?> by)
    {
        List<(int, int, string)> edits = [];
        foreach (ValueMatch match in regex.EnumerateMatches(Text))
        {
            ReadOnlySpan<char> found = Text.AsSpan(match.Index, match.Length);
            if (by(found) is { } other && !found.SequenceEqual(other)) edits.Add((match.Index, match.Index + match.Length, other));
        }
        Replace(edits);
    }

    /// <summary>Replaces what an expression finds, by what its groups hold.</summary>
    public void ReplaceMatches(Regex regex, Func<Match, string> by)
    {
        List<(int, int, string)> edits = [];
        for (Match match = regex.Match(Text); match.Success; match = match.NextMatch())
            if (by(match) is var other && other != match.Value) edits.Add((match.Index, match.Index + match.Length, other));
        Replace(edits);
    }

    /// <summary>Replaces parts of the text, given in order.</summary>
    public void Replace(List<(int Start, int End, string By)> edits)
    {
        if (edits.Count == 0) return;
        StringBuilder built = new(Text.Length);
        List<(int Start, int End)> ranges = [];
        int copied = 0, old = 0;
        foreach ((int start, int end, string by) in edits)
        {
            KeepUntil(start);
            built.Append(Text, copied, start - copied);
            int from = built.Length, to = built.Append(by).Length;
            for (; old < changed.Count && changed[old].Start < end; old++) // an earlier replacement that this one touches
            {
                from -= Math.Max(0, start - changed[old].Start);
                if (changed[old].End <= end) continue;
                changed[old] = (end, changed[old].End);
                break;
            }
            Add(from, to);
            copied = end;
        }
        KeepUntil(int.MaxValue);
        built.Append(Text, copied, Text.Length - copied);
        (Text, changed) = (built.ToString(), ranges);

        void KeepUntil(int next)
        {
            for (; old < changed.Count && changed[old].End <= next; old++)
                Add(built.Length + changed[old].Start - copied, built.Length + changed[old].End - copied);
        }

        void Add(int from, int to)
        {
            if (ranges.Count > 0 && from <= ranges[^1].End) ranges[^1] = (ranges[^1].Start, Math.Max(ranges[^1].End, to));
            else ranges.Add((from, to));
        }
    }

    /// <summary>What was replaced with what stands around it; the whole text where it is short. What lies further away has been read already.</summary>
    /// <param name="margin">
    /// How many characters stand around it, on each side. Blanks on end count once: there may be any number of them within a phrase.
    /// </param>
    /// <param name="whole">Up to which length a text is given whole.</param>
    public string Changes(int margin = Margin, int whole = Whole)
    {
        if (Text.Length <= whole) return Text;
        StringBuilder near = new();
        int last = -1, to = 0, behind = 0, counted = 0;
        foreach ((int start, int end) in changed)
        {
            int from = start;
            for (int before = 0; from > Math.Max(last, 0) && before < margin;)
                if (Counts(--from)) before++;
            for (; counted < Math.Min(end, to); counted++) // stood behind the last replacement, and not behind this one
                if (Counts(counted)) behind--;
            (counted, to) = (end, Math.Max(end, to));
            while (to < Text.Length && behind < margin)
                if (Counts(to++)) behind++;
            if (last >= 0 && from > last) near.Append(Between);
            from = Math.Max(from, last);
            if (to <= from) continue;
            near.Append(Text, from, to - from);
            last = to;
        }
        return near.Length < Text.Length ? near.ToString() : Text;

        bool Counts(int at) => at == 0 || !char.IsWhiteSpace(Text[at]) || !char.IsWhiteSpace(Text[at - 1]);
    }
}
