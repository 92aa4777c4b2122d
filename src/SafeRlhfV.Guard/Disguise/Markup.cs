using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>
/// Takes out the markup that stands within words and around them: tags and comments of HTML, links, images and footnotes of Markdown, links of wikis,
/// commands of LaTeX, tags of forums, and the joints of strings that a program puts together. A mark takes its place, so that both readings come about: parts
/// joined, and parts apart.
/// </summary>
internal static partial class Markup
{
    private const string Joint = "·";

    // What a browser shows on lines of their own are no parts of one word.
    private static readonly FrozenSet<string> Blocks = Names(
        "address article aside blockquote br caption center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav "
        + "ol option p pre section select table tbody td textarea tfoot th thead title tr ul");

    // Others need a letter behind them: List<string> is no markup.
    private static readonly FrozenSet<string> Inlines = Names(
        "a abbr b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rp rt ruby s samp small span strike strong sub sup svg time tt "
        + "u var wbr");

    /// <summary>The text without such markup.</summary>
    public static EditedText Open(string text)
    {
        EditedText opened = new(text);
        if (text.Contains('<')) opened.Replace(Tags(text));
        if (opened.Text.Contains("]]>", StringComparison.Ordinal)) opened.Replace(EndOfData(), _ => "");
        if (opened.Text.Contains("[/", StringComparison.Ordinal)) Drop(opened, ForumTag());
        if (opened.Text.Contains("](", StringComparison.Ordinal) || opened.Text.Contains("][", StringComparison.Ordinal)) Drop(opened, Link());
        if (opened.Text.Contains("[[", StringComparison.Ordinal)) Drop(opened, WikiLink());
        if (opened.Text.Contains("[^", StringComparison.Ordinal)) Drop(opened, Footnote());
        if (opened.Text.Contains('\\')) opened.ReplaceMatches(Command(), match => $"{Joint}{match.Groups[1].Value}{Joint}");
        if (opened.Text.AsSpan().ContainsAny('"', '\'', '`')) opened.Replace(Concatenation(), _ => Joint);
        return opened;
    }

    // Takes out what the groups of an expression hold; a mark stands for it where no blank parts the words anyway.
    private static void Drop(EditedText opened, Regex regex)
    {
        string text = opened.Text;
        List<(int, int, string)> edits = [];
        for (Match match = regex.Match(text); match.Success; match = match.NextMatch())
            foreach (Group part in match.Groups.Cast<Group>().Skip(1).Where(part => part.Success))
            {
                int start = part.Index, end = start + part.Length;
                bool isParted = start == 0 || end == text.Length || char.IsWhiteSpace(text[start - 1]) || char.IsWhiteSpace(text[end]);
                edits.Add((start, end, isParted ? "" : Joint));
            }
        opened.Replace(edits);
    }

    // Tags and comments, with those that follow at once.
    private static List<(int Start, int End, string By)> Tags(string text)
    {
        List<(int, int, string)> edits = [];
        int lastComment = text.LastIndexOf("-->", StringComparison.Ordinal);
        for (int start = text.IndexOf('<'); start >= 0; start = text.IndexOf('<', start))
        {
            bool isBlock = false, isMarkup = false;
            int end = start;
            while (TagEnd(text, end, lastComment) is var next and > 0)
            {
                string name = Name(text, end);
                isBlock |= Blocks.Contains(name);
                isMarkup |= text[end + 1] is '/' or '!' or '?' || Blocks.Contains(name) || Inlines.Contains(name);
                end = next;
            }
            bool isAfterLetter = start > 0 && char.IsLetterOrDigit(text[start - 1]), isBeforeLetter = end < text.Length && char.IsLetterOrDigit(text[end]);
            if (end > start && (isMarkup || isBeforeLetter)) edits.Add((start, end, isBlock ? "\n" : isAfterLetter && isBeforeLetter ? Joint : ""));
            start = Math.Max(end, start + 1);
            if (start >= text.Length) break;
        }
        return edits;
    }

    // The end of a tag or comment that begins here; 0 where none does.
    private static int TagEnd(string text, int start, int lastComment)
    {
        if (start + 2 >= text.Length || text[start] != '<' || !(char.IsAsciiLetter(text[start + 1]) || text[start + 1] is '/' or '!' or '?')) return 0;
        if (string.CompareOrdinal(text, start, "<!--", 0, 4) == 0 && lastComment >= start + 4)
            return text.IndexOf("-->", start + 4, StringComparison.Ordinal) + 3;
        if (string.CompareOrdinal(text, start, "<![CDATA[", 0, 9) == 0) return start + 9;
        int end = text.AsSpan(start + 1).IndexOfAny('<', '>');
        return end >= 0 && text[start + 1 + end] == '>' ? start + end + 2 : 0;
    }

    [GeneratedRegex(@"\]\]>")]
    private static partial Regex EndOfData();

    private static FrozenSet<string> Names(string names) => FrozenSet.ToFrozenSet(names.Split(' '), StringComparer.OrdinalIgnoreCase);

    private static string Name(string text, int start)
    {
        int from = start + (text[start + 1] == '/' ? 2 : 1), to = from;
        while (to < text.Length && char.IsAsciiLetterOrDigit(text[to])) to++;
        return text[from..to];
    }

    // [text](address) and [text][reference], of an image too; one in another is found when the inner one is gone.
    [GeneratedRegex(@"(!?\[)[^\[\]]*(\](?:\((?:[^()\n]|\([^()\n]{0,500}\)){0,2000}\)|\[[^\[\]\n]{0,200}\]))")]
    private static partial Regex Link();

    [GeneratedRegex(@"(\[\[(?:[^\[\]|\n]{0,200}\|)?)[^\[\]|]+(\]\])")]
    private static partial Regex WikiLink();

    [GeneratedRegex(@"(\[\^[^\[\]\s]{1,50}\])")]
    private static partial Regex Footnote();

    // Openers of other names need a letter behind them: [the][1] is a link.
    [GeneratedRegex(@"((?:\[(?:/[A-Za-z][A-Za-z0-9]{0,9}|(?:b|i|u|s|h[1-6]|li|ul|ol|td|th|tr|sub|sup|kbd|pre|ins|del|font|size|colou?r|url|img|email|code|quote"
        + @"|list|table|center|left|right|strike|spoiler)(?:=[^\]\n]{0,500})?|[A-Za-z]{1,10}(?:=[^\]\n]{0,500})?(?=\][\p{L}\p{N}]))\])+)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ForumTag();

    [GeneratedRegex(@"\\[A-Za-z]{2,20}\{([^{}\\\n]{1,200})\}|\\(?<=\p{L}\\)[A-Za-z]{2,20}\{")]
    private static partial Regex Command();

    // "gr" + "een", also where the strings stand on lines of their own, and without a sign between.
    [GeneratedRegex(@"[""'`](?<=[\p{L}\p{N}] ?[""'`])(?:\s{0,40}(?:\+|\.{1,2}|&|\|\||~)\s{0,40}|\s{1,40})[""'`](?= ?[\p{L}\p{N}])")]
    private static partial Regex Concatenation();
}
