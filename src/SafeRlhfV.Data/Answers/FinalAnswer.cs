using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>
/// The final answer of a response, after its thoughts: what the last <c>&lt;answer&gt;</c> tags hold, else the last <c>\boxed{}</c>, else the last line. A tag
/// or box that is not closed was cut off, and nothing is read then.
/// </summary>
/// <param name="Said">The response without its thoughts.</param>
/// <param name="Marked">What tags or a box hold; null where the answer is not marked.</param>
public sealed partial record FinalAnswer(string Said, string? Marked)
{
    private static readonly string[] Boxes = [@"\boxed{", @"\fbox{"];

    /// <summary>The answer alone: what is marked, else the last line, from "the answer is" on where it says so.</summary>
    public string Text => Marked ?? Stated(Said.Split('\n')[^1].Trim());

    /// <summary>Reads a response.</summary>
    /// <param name="response">The response.</param>
    /// <param name="opened">Whether the prompt has opened the thoughts already.</param>
    /// <returns>The answer; null where thoughts, tag or box never end, or nothing is said.</returns>
    public static FinalAnswer? Read(string response, bool opened = false)
    {
        if (Thoughts.In(response, opened).Said(response) is not { Length: > 0 } said) return null;
        if (Tags(said) is [.., var (text, isClosed)]) return isClosed && text.Length > 0 ? new(said, Unwrapped(text)) : null;
        int box = Boxes.Max(name => said.LastIndexOf(name, StringComparison.Ordinal));
        if (box < 0) return new(said, null);
        return Braced(said, said.IndexOf('{', box)) is { Length: > 0 } inside ? new(said, Unwrapped(inside)) : null;
    }

    /// <summary>What <c>&lt;answer&gt;</c> tags hold, each with whether it is closed; the next opening tag ends one that is not.</summary>
    public static IReadOnlyList<(string Text, bool IsClosed)> Tags(string text) =>
        [.. AnswerTag().Matches(text).Select(match => (match.Groups[1].Value.Trim(), match.Groups[2].Length > 0))];

    /// <summary>A box in a tag, dollars around a formula and <c>\text{}</c> around a word are no part of the answer.</summary>
    private static string Unwrapped(string text)
    {
        for (string before = ""; before != text;)
        {
            before = text;
            text = text.Trim();
            if (text.Length > 1 && text[0] == '$' && text[^1] == '$') text = text.Trim('$').Trim();
            Match command = Wrapping().Match(text);
            int brace = command.Length - 1;
            if (command.Success && Braced(text, brace) is { } inside && brace + inside.Length + 2 == text.Length) text = inside;
        }
        return text;
    }

    private static string Stated(string line) => StatedAnswer().Match(line) is { Success: true } stated ? stated.Groups[1].Value : line;

    /// <summary>What a pair of braces holds, other pairs among it; null where it never closes. A brace behind a backslash is a character.</summary>
    private static string? Braced(string text, int open)
    {
        for (int i = open, depth = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '{') depth++;
            else if (text[i] == '}' && --depth == 0) return text[(open + 1)..i].Trim();
        }
        return null;
    }

    [GeneratedRegex(@"<answer>((?:(?!<answer>).)*?)(</answer>|(?=<answer>)|$)", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex AnswerTag();

    [GeneratedRegex(@"^\\(?:boxed|fbox|text|textbf|mathrm|mathbf)\{")]
    private static partial Regex Wrapping();

    [GeneratedRegex(@"^.*\banswer\s*(?:is\s*:?|:|=)\s*(.*\S)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex StatedAnswer();
}
