using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>
/// Cuts a template into tokens as Jinja2 does with trim_blocks and lstrip_blocks: one line break after a block or comment is dropped, blanks before them back
/// to the line's start, too; `-` strips all white space on its side, `+` switches the trimming off; one line break at the very end is dropped.
/// </summary>
internal sealed partial class JinjaLexer
{
    private static readonly string[] Operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
        "=", ".", ":", "|", ",", ";"];

    private readonly string text;
    private readonly List<JinjaToken> tokens = [];
    private int at;
    private int line = 1;
    private bool lineStarts = true;

    private JinjaLexer(string source)
    {
        string normalized = JinjaText.NormalizeLineBreaks(source);
        text = normalized.EndsWith('\n') ? normalized[..^1] : normalized;
    }

    /// <summary>The tokens, ended by one of kind End.</summary>
    /// <exception cref="JinjaException">A comment, string or raw part is not closed; a sign or number is none.</exception>
    public static List<JinjaToken> Read(string source)
    {
        JinjaLexer lexer = new(source);
        lexer.Root();
        lexer.Add(JinjaTokenKind.End, "");
        return lexer.tokens;
    }

    private void Root()
    {
        while (at < text.Length)
        {
            int begin = NextTag();
            if (begin < 0)
            {
                AddData(text[at..]);
                at = text.Length;
                return;
            }
            char kind = text[begin + 1];
            char sign = begin + 2 < text.Length && text[begin + 2] is '-' or '+' ? text[begin + 2] : ' ';
            AddData(BeforeTag(text[at..begin], sign, canStripLine: kind != '{'));
            line += CountLines(begin, at);
            if (kind == '%' && RawBegin().Match(text, begin) is { Success: true } raw && raw.Index == begin)
            {
                Raw(raw);
                continue;
            }
            at = begin + (sign == ' ' ? 2 : 3);
            lineStarts = false;
            if (kind == '#') Comment();
            else Tag(kind);
        }
    }

    private int NextTag()
    {
        for (int from = at; ;)
        {
            int found = text.IndexOf('{', from);
            if (found < 0 || found + 1 >= text.Length) return -1;
            if (text[found + 1] is '{' or '%' or '#') return found;
            from = found + 1;
        }
    }

    private string BeforeTag(string data, char sign, bool canStripLine)
    {
        if (sign == '-') return data.AsSpan().TrimEnd(JinjaText.WhiteSpace).ToString();
        if (sign == '+' || !canStripLine) return data;
        int start = data.LastIndexOf('\n') + 1;
        if (start == 0 && !lineStarts) return data;
        return data.AsSpan(start).Trim(JinjaText.WhiteSpace).IsEmpty ? data[..start] : data;
    }

    private void Raw(Match begin)
    {
        int opened = line;
        Advance(begin.Index, begin.Length);
        Match end = RawEnd().Match(text, at);
        if (!end.Success) throw JinjaException.Syntax("Missing end of raw directive", opened);
        AddData(BeforeTag(text[at..end.Index], end.Groups[1].Value is "" ? ' ' : end.Groups[1].Value[0], canStripLine: true));
        Advance(at, end.Index + end.Length - at);
    }

    private void Comment()
    {
        Match end = CommentEnd().Match(text, at);
        if (!end.Success) throw JinjaException.Syntax("Missing end of comment tag", line);
        Advance(at, end.Index + end.Length - at);
    }

    private void Tag(char kind)
    {
        Add(kind == '{' ? JinjaTokenKind.PrintBegin : JinjaTokenKind.BlockBegin, "");
        Stack<char> open = new();
        while (true)
        {
            if (at >= text.Length) return; // the parser meets End and says what is missing
            if (open.Count == 0 && (kind == '{' ? PrintEnd() : BlockEnd()).Match(text, at) is { Success: true } end)
            {
                Add(kind == '{' ? JinjaTokenKind.PrintEnd : JinjaTokenKind.BlockEnd, "");
                Advance(at, end.Length);
                return;
            }
            if (JinjaText.IsSpace(text[at])) Advance(at, 1);
            else if (!Number() && !Name() && !String()) Operator(open);
        }
    }

    private bool Number()
    {
        if (!char.IsDigit(text[at])) return false;
        if (at == 0 || text[at - 1] != '.')
        {
            Match real = FloatLiteral().Match(text, at);
            if (real.Success)
            {
                Add(JinjaTokenKind.Float, real.Value, double.Parse(real.Value.Replace("_", ""), CultureInfo.InvariantCulture));
                at += real.Length;
                return true;
            }
        }
        Match whole = IntegerLiteral().Match(text, at);
        if (!whole.Success) return false;
        Add(JinjaTokenKind.Integer, whole.Value, PyNumbers.ParseInteger(whole.Value.Replace("_", ""), 0) ?? BigInteger.Zero);
        at += whole.Length;
        return true;
    }

    private bool Name()
    {
        Match name = Word().Match(text, at);
        if (!name.Success) return false;
        if (!JinjaText.IsIdentifier(name.Value)) throw JinjaException.Syntax("Invalid character in identifier", line);
        Add(JinjaTokenKind.Name, name.Value);
        at += name.Length;
        return true;
    }

    private bool String()
    {
        if (text[at] is not ('\'' or '"')) return false;
        Match quoted = Quoted().Match(text, at);
        if (!quoted.Success) throw JinjaException.Syntax($"unexpected char {PyText.Repr(text[at].ToString())} at {at}", line);
        Add(JinjaTokenKind.String, JinjaText.Unescape(quoted.Value[1..^1], line));
        Advance(at, quoted.Length);
        return true;
    }

    private void Operator(Stack<char> open)
    {
        string? sign = Array.Find(Operators, known => string.CompareOrdinal(text, at, known, 0, known.Length) == 0);
        if (sign is null) throw JinjaException.Syntax($"unexpected char {PyText.Repr(char.ConvertFromUtf32(char.ConvertToUtf32(text, at)))} at {at}", line);
        switch (sign)
        {
            case "(": open.Push(')'); break;
            case "[": open.Push(']'); break;
            case "{": open.Push('}'); break;
            case ")" or "]" or "}":
                if (!open.TryPop(out char expected)) throw JinjaException.Syntax($"unexpected '{sign}'", line);
                if (expected != sign[0]) throw JinjaException.Syntax($"unexpected '{sign}', expected '{expected}'", line);
                break;
        }
        Add(JinjaTokenKind.Operator, sign);
        at += sign.Length;
    }

    private void Advance(int from, int length)
    {
        line += text.AsSpan(from, length).Count('\n');
        at = from + length;
        lineStarts = length > 0 && text[at - 1] == '\n';
    }

    private int CountLines(int to, int from) => text.AsSpan(from, to - from).Count('\n');

    private void AddData(string data)
    {
        if (data.Length > 0) Add(JinjaTokenKind.Data, data);
    }

    private void Add(JinjaTokenKind kind, string value, object? number = null) => tokens.Add(new JinjaToken(kind, value, line, number));

    // Python's white space: .NET's \s lacks U+001C to U+001F
    private const string S = @"[\s\x1c-\x1f]";

    [GeneratedRegex(@"\G\{%(?:-|\+|)" + S + "*raw" + S + @"*(?:-%\}" + S + @"*|%\})")]
    private static partial Regex RawBegin();

    [GeneratedRegex(@"\{%(-|\+|)" + S + "*endraw" + S + @"*(?:\+%\}|-%\}" + S + @"*|%\}\n?)")]
    private static partial Regex RawEnd();

    [GeneratedRegex(@"\+#\}|-#\}" + S + @"*|#\}\n?")]
    private static partial Regex CommentEnd();

    [GeneratedRegex(@"\G(?:-\}\}" + S + @"*|\}\})")]
    private static partial Regex PrintEnd();

    [GeneratedRegex(@"\G(?:\+%\}|-%\}" + S + @"*|%\}\n?)")]
    private static partial Regex BlockEnd();

    [GeneratedRegex(@"\G(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?[eE][+\-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)")]
    private static partial Regex FloatLiteral();

    [GeneratedRegex(@"\G(?:0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*)")]
    private static partial Regex IntegerLiteral();

    [GeneratedRegex(@"\G[\p{L}\p{N}_]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\G(?:'[^'\\]*(?:\\.[^'\\]*)*'|""[^""\\]*(?:\\.[^""\\]*)*"")", RegexOptions.Singleline)]
    private static partial Regex Quoted();
}
