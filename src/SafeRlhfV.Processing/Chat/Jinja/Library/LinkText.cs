using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>The filter urlize: addresses in a text become links.</summary>
internal static partial class LinkText
{
    private static readonly (string Open, string Close)[] Brackets = [("(", ")"), ("<", ">"), ("&lt;", "&gt;")];

    public static object? Apply(JinjaRun run, object? value, object?[] given)
    {
        object? limit = JinjaFilters.Or(given[0], null), target = JinjaFilters.Or(given[2], null), schemes = JinjaFilters.Or(given[4], null);
        SortedSet<string> relations = new(StringComparer.Ordinal) { "noopener" };
        if (JinjaFilters.Or(given[3], null) is { } rel) relations.UnionWith(StringSearch.Split(StringMethods.Text(rel), null, -1, fromRight: false));
        if (PyOperators.IsTrue(JinjaFilters.Or(given[1], false))) relations.Add("nofollow");
        string attributes = $" rel=\"{PyMarkup.Escape(string.Join(' ', relations)).Text}\"" + (target is null ? ""
            : $" target=\"{PyMarkup.Escape(target).Text}\"");
        string[] extra = schemes is null ? [] : [.. run.Iterate(schemes).Select(StringMethods.Text)];
        BigInteger? shown = limit is null ? null : StringMethods.Whole(limit, 0);
        StringBuilder text = new();
        foreach (string word in Space().Split(PyMarkup.Escape(value).Text)) text.Append(Linked(word, attributes, shown, extra));
        return run.Finished(run.Built(text.ToString()));
    }

    private static string Linked(string word, string attributes, BigInteger? shown, string[] schemes)
    {
        string head = Opening().Match(word).Value, middle = word[head.Length..], tail = Closing().Match(middle).Value;
        middle = middle[..^tail.Length];
        foreach ((string open, string close) in Brackets)
        {
            int more = Count(middle, open);
            if (more <= Count(middle, close)) continue;
            for (int moves = Math.Min(more, Count(tail, close)); moves > 0; moves--)
            {
                int end = tail.IndexOf(close, StringComparison.Ordinal) + close.Length;
                (middle, tail) = (middle + tail[..end], tail[end..]);
            }
        }
        bool isWeb = middle.StartsWith("http://", StringComparison.Ordinal) || middle.StartsWith("https://", StringComparison.Ordinal);
        if (Web().IsMatch(middle)) middle = $"<a href=\"{(isWeb ? "" : "https://")}{middle}\"{attributes}>{Shortened(middle, shown)}</a>";
        else if (middle.StartsWith("mailto:", StringComparison.Ordinal) && Mail().IsMatch(middle[7..])) middle = $"<a href=\"{middle}\">{middle[7..]}</a>";
        else if (middle.Contains('@') && middle[0] != '@' && !middle.StartsWith("www.", StringComparison.Ordinal) && !middle.Contains(':')
            && Mail().IsMatch(middle))
            middle = $"<a href=\"mailto:{middle}\">{middle}</a>";
        else if (Array.Exists(schemes, scheme => middle != scheme && middle.StartsWith(scheme, StringComparison.Ordinal))) middle =
            $"<a href=\"{middle}\"{attributes}>{middle}</a>";
        return head + middle + tail;
    }

    private static string Shortened(string text, BigInteger? limit) => limit is { } length && PyCodePoints.Count(text) > length
        ? PyCodePoints.Slice(text, null, length, null) + "..." : text;

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    [GeneratedRegex(@"([\s\x1c-\x1f]+)")]
    private static partial Regex Space();

    [GeneratedRegex(@"^(?:[(<]|&lt;)*")]
    private static partial Regex Opening();

    [GeneratedRegex(@"(?:[)>.,\n]|&gt;)*\z")]
    private static partial Regex Closing();

    [GeneratedRegex(@"^(?:(?:https?://|www\.)(?:[\w%-]+\.)*(?:[a-z]{2,63}|xn--[\w%]{2,59})|(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)|"
        + @"https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))(?::\d{1,5})?(?:[/?#]\S*)?\z", RegexOptions.IgnoreCase)]
    private static partial Regex Web();

    [GeneratedRegex(@"^\S+@\w[\w.-]*\.\w+\z")]
    private static partial Regex Mail();
}
