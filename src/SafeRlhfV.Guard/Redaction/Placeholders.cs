using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Guard;

/// <summary>
/// Replaces sensitive data in the texts of one request with placeholders such as <c>[EMAIL_1]</c>, and puts the data back into what is answered.
/// </summary>
/// <remarks>
/// The same data has the same placeholder, numbered as it comes, so that a conversation that goes on is sent alike. What a text holds already in the form of
/// a placeholder is replaced too, so that nothing is put back that was not taken out. Not for several threads at once.
/// </remarks>
public sealed class Placeholders
{
    internal const string LiteralKind = "as-sent"; // no own kind can have this name
    private readonly RedactionRules rules;
    private readonly Dictionary<string, string> byValue = [], byName = [];
    private readonly Dictionary<string, int> counts = [];
    private int literals;

    /// <summary>Creates the placeholders of one request.</summary>
    public Placeholders(RedactionRules rules) => this.rules = rules;

    /// <summary>How many different pieces of data were replaced, by kind.</summary>
    public IReadOnlyDictionary<string, int> Counts => counts;

    /// <summary>Whether there is nothing to put back.</summary>
    public bool IsEmpty => byName.Count == 0;

    /// <summary>The text with placeholders.</summary>
    public string Redact(string text) => Redact([text])[0];

    /// <summary>
    /// The texts with placeholders. They follow each other, so that data which begins in one and ends in another is found too: its placeholder stands in the
    /// first.
    /// </summary>
    public IReadOnlyList<string> Redact(IReadOnlyList<string> texts)
    {
        string joined = texts.Count == 1 ? texts[0] : string.Concat(texts);
        List<(int Start, int End, string Kind)> found = Find(joined, 0);
        for (int i = 0, start = 0; texts.Count > 1 && i < texts.Count; start += texts[i++].Length) found.AddRange(Find(texts[i], start));
        if (found.Count == 0) return texts;

        string[] redacted = new string[texts.Count];
        List<(int Start, int End, string Kind)> spans = Merge(found);
        int span = 0, offset = 0;
        for (int i = 0; i < texts.Count; i++)
        {
            int end = offset + texts[i].Length, at = offset;
            StringBuilder text = new();
            for (; span < spans.Count && spans[span].Start < end; span++)
            {
                (int from, int to, string kind) = spans[span];
                if (from >= offset) text.Append(joined, at, from - at).Append(For(joined[from..to], kind));
                at = Math.Min(to, end);
                if (to > end) break; // the rest of it is taken out of the next texts
            }
            redacted[i] = text.Append(joined, at, end - at).ToString();
            offset = end;
        }
        return redacted;
    }

    /// <summary>The text with the data back in place of its placeholders.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isJson">Whether the text is JSON, in whose strings the data must be escaped.</param>
    public string Restore(string text, bool isJson = false)
    {
        if (IsEmpty || !text.Contains('[')) return text;
        StringBuilder restored = new();
        int left = 0;
        for (int open = text.IndexOf('['); open >= 0; open = text.IndexOf('[', open + 1))
        {
            int close = text.IndexOf(']', open);
            if (close < 0) break;
            if (!byName.TryGetValue(text[open..(close + 1)], out string? value)) continue;
            restored.Append(text, left, open - left).Append(isJson ? JsonEncodedText.Encode(value, JsonRedaction.Encoder).Value : value);
            left = close + 1;
        }
        return left == 0 ? text : restored.Append(text, left, text.Length - left).ToString();
    }

    /// <summary>From where on the end of a text could be the beginning of a placeholder; its length where it could not.</summary>
    internal int HoldFrom(string text)
    {
        int open = text.LastIndexOf('[');
        if (open < 0) return text.Length;
        string tail = text[open..];
        return byName.Keys.Any(name => name.Length > tail.Length && name.StartsWith(tail, StringComparison.Ordinal)) ? open : text.Length;
    }

    private List<(int Start, int End, string Kind)> Find(string text, int offset)
    {
        List<(int, int, string)> found = [];
        for (int open = text.IndexOf('['); open >= 0; open = text.IndexOf('[', open + 1))
            if (LiteralEnd(text, open) is { } end) found.Add((open + offset, end + offset, LiteralKind));
        IReadOnlyList<PlainLetters> plain = rules.Kinds.Count == 0 ? [] : PlainLetters.Of(text);
        foreach (SensitiveKind kind in rules.Kinds)
            foreach (Range range in kind.Find(text).Concat(plain.SelectMany(layer => layer.Find(kind))))
            {
                int start = range.Start.Value, end = range.End.Value;
                if (end - start > 1 && EndsEscape(text, start)) start++;
                if (SurrogatePairs.AreParted(text, start)) start--; // a pattern reads half a character as one
                if (SurrogatePairs.AreParted(text, end)) end++;
                found.Add((start + offset, end + offset, kind.Name));
            }
        return found;
    }

    // The letter of an escape such as \n is no part of what follows it, and must stay for the escape to be one.
    private static bool EndsEscape(string text, int at) => text[at] is 'n' or 'r' or 't' or 'b' or 'f' && at > 0 && text[at - 1] == '\\'
        && (at - 1 - text.AsSpan(0, at).LastIndexOfAnyExcept('\\')) % 2 == 1;

    // The end of what has the form of a placeholder: [NAME_1].
    private int? LiteralEnd(string text, int open)
    {
        int close = text.AsSpan(open).IndexOfAny(']', '\n');
        if (close < 0 || text[open + close] != ']') return null;
        string inner = text[(open + 1)..(open + close)];
        int line = inner.LastIndexOf('_');
        if (line < 0 || line == inner.Length - 1 || !inner[(line + 1)..].All(char.IsAsciiDigit)) return null;
        string name = inner[..line];
        bool isKnown = name == LiteralKind.ToUpperInvariant() || rules.Kinds.Any(kind => kind.Name.ToUpperInvariant() == name);
        return isKnown ? open + close + 1 : null;
    }

    // What overlaps is one piece, so that nothing of it stays.
    private List<(int Start, int End, string Kind)> Merge(List<(int Start, int End, string Kind)> found)
    {
        List<string> order = [LiteralKind, .. rules.Kinds.Select(kind => kind.Name)];
        List<(int Start, int End, string Kind)> merged = [];
        foreach ((int start, int end, string kind) in found.OrderBy(one => one.Start))
        {
            if (merged.Count == 0 || start >= merged[^1].End) merged.Add((start, end, kind));
            else
            {
                (int first, int last, string before) = merged[^1];
                merged[^1] = (first, Math.Max(last, end), order.IndexOf(kind) < order.IndexOf(before) ? kind : before);
            }
        }
        return merged;
    }

    private string For(string value, string kind)
    {
        if (byValue.TryGetValue(value, out string? known)) return known;
        int number = kind == LiteralKind ? ++literals : counts[kind] = counts.GetValueOrDefault(kind) + 1;
        string placeholder = $"[{kind.ToUpperInvariant()}_{number}]";
        byName[placeholder] = value;
        return byValue[value] = placeholder;
    }
}
