using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace SafeRlhfV.Guard;

/// <summary>
/// Opens text that is written in Base64, in hexadecimal digits, with percent signs or as quoted-printable, or with the escapes of JSON, C and HTML.
/// </summary>
internal static partial class EncodedText
{
    private const int ShortestRun = 12; // in shorter ones too many words decode to letters by chance
    private const int MostMarks = 5;
    private const int FewestBytes = 6; // in hexadecimal digits
    private const int LeastWithin = 12; // characters of a text among other bytes; fewer stand there by chance
    private const int LeastBeside = 6; // characters beside a word that could be hexadecimal digits
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n");
    private static readonly SearchValues<char> Digits =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");

    private static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
    private static readonly Encoding WideBigEndian = new UnicodeEncoding(true, false, throwOnInvalidBytes: true);
    private static readonly Encoding Wide = new UnicodeEncoding(false, false, throwOnInvalidBytes: true);

    // Names of HTML that the runtime does not know: signs that hide a letter's neighbours, and punctuation.
    private static readonly FrozenDictionary<string, string> Names = new Dictionary<string, string>
    {
        ["ZeroWidthSpace"] = "\u200B",
        ["NegativeVeryThinSpace"] = "\u200B",
        ["NegativeThinSpace"] = "\u200B",
        ["NegativeMediumSpace"] = "\u200B",
        ["NegativeThickSpace"] = "\u200B",
        ["NoBreak"] = "\u2060",
        ["ApplyFunction"] = "\u2061",
        ["af"] = "\u2061",
        ["InvisibleTimes"] = "\u2062",
        ["it"] = "\u2062",
        ["InvisibleComma"] = "\u2063",
        ["ic"] = "\u2063",
        ["Tab"] = "\t",
        ["NewLine"] = "\n",
        ["NonBreakingSpace"] = " ",
        ["excl"] = "!",
        ["num"] = "#",
        ["dollar"] = "$",
        ["percnt"] = "%",
        ["lpar"] = "(",
        ["rpar"] = ")",
        ["ast"] = "*",
        ["plus"] = "+",
        ["comma"] = ",",
        ["period"] = ".",
        ["sol"] = "/",
        ["colon"] = ":",
        ["semi"] = ";",
        ["equals"] = "=",
        ["quest"] = "?",
        ["commat"] = "@",
        ["lsqb"] = "[",
        ["lbrack"] = "[",
        ["bsol"] = "\\",
        ["rsqb"] = "]",
        ["rbrack"] = "]",
        ["Hat"] = "^",
        ["lowbar"] = "_",
        ["grave"] = "`",
        ["lbrace"] = "{",
        ["lcub"] = "{",
        ["vert"] = "|",
        ["verbar"] = "|",
        ["rbrace"] = "}",
        ["rcub"] = "}",
        ["hyphen"] = "-",
        ["dash"] = "-",
        ["apos"] = "'",
        ["fjlig"] = "fj",
    }.ToFrozenDictionary();

    /// <summary>The text with what is encoded in it opened.</summary>
    public static EditedText Open(string text)
    {
        EditedText opened = new(text);
        if (text.Contains('%')) opened.Replace(Percent(), static found => Text(Bytes(Again().Replace(found.ToString(), "%"))));
        if (opened.Text.AsSpan().ContainsAny('\\', '%')) opened.Replace(Escape(), Unescape);
        if (opened.Text.Contains('&'))
        {
            opened.Replace(Ampersands(), static _ => "&");
            opened.Replace(Entity(), static found => Entity(found));
        }
        if (HexDigits.MayHold(opened.Text, 2 * FewestBytes)) opened.Replace(Hex(), DecodeHex);
        if (HasRun(opened.Text)) opened.Replace(Base64(), DecodeRun);
        return opened;
    }

    /// <summary>Opens quoted-printable text.</summary>
    public static void OpenQuoted(EditedText opened)
    {
        if (opened.Text.Contains('=')) opened.Replace(Quoted(), static found => found[1] is '\r' or '\n' ? "" : Text(Bytes(found)));
    }

    /// <summary>What an entity of HTML stands for; null where it is none.</summary>
    private static string? Entity(ReadOnlySpan<char> entity)
    {
        string name = entity[1..].TrimEnd(';').ToString(), written = $"&{name};", decoded = Names.GetValueOrDefault(name) ?? WebUtility.HtmlDecode(written);
        return decoded == written ? null : decoded;
    }

    // A quick look before the expression runs.
    private static bool HasRun(string text)
    {
        ReadOnlySpan<char> rest = text;
        while (rest.IndexOfAny(Digits) is var start and >= 0)
        {
            rest = rest[start..];
            int length = rest.IndexOfAnyExcept(Digits);
            if (length < 0) return rest.Length >= ShortestRun;
            if (length >= ShortestRun) return true;
            rest = rest[length..];
        }
        return false;
    }

    // Marks of the alphabet may also stand between an encoded text and another word: then the text begins behind one of them, or each part is tried.
    private static string? DecodeRun(ReadOnlySpan<char> run)
    {
        int start = run.Length - run.TrimStart("-_/+").Length; // no text begins with these digits
        if (run[start..].ContainsAny("-_/+") && Decode(run[start..]) is null)
            foreach (string sign in (string[])["-", "_", "/", "+"]) // between parts of one text
                if (run.Contains(sign, StringComparison.Ordinal)
                    && Decode(run.ToString().Replace(sign, "", StringComparison.Ordinal)) is { Length: > 0 } joined) return joined;
        for (int i = 0; i < MostMarks; i++)
        {
            if ((Decode(run[start..]) ?? Decode(run[start..].TrimEnd('-'))) is { Length: > 0 } text) return string.Concat(run[..start], text);
            int mark = run[start..].IndexOfAny("-_/+");
            if (mark < 0) break;
            start += mark + 1;
        }
        string whole = run.ToString(), parted = Part().Replace(whole, part => Decode(part.ValueSpan) ?? part.Value);
        return parted == whole ? Within(run) : parted;
    }

    // The texts among bytes that are none as a whole, such as a text with a few other bytes behind it; null where there are none.
    private static string? Within(ReadOnlySpan<char> written) =>
        Bytes64(written, static bytes => Runs(bytes, LeastWithin) is { Count: > 0 } runs ? string.Join('\n', runs) : null);

    /// <summary>The texts of at least so many characters among bytes.</summary>
    internal static IReadOnlyList<string> Runs(ReadOnlySpan<byte> bytes, int least)
    {
        List<string> runs = [];
        StringBuilder run = new();
        Span<char> letters = stackalloc char[2];
        int characters = 0;
        while (!bytes.IsEmpty)
        {
            bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done && IsReadable(rune);
            bytes = bytes[Math.Max(1, length)..];
            if (isText)
            {
                run.Append(letters[..rune.EncodeToUtf16(letters)]);
                characters++;
            }
            if (isText && !bytes.IsEmpty) continue;
            if (characters >= least) runs.Add(run.ToString());
            run.Clear();
            characters = 0;
        }
        return runs;
    }

    private static string? Decode(ReadOnlySpan<char> written) => Bytes64(written, static bytes => Text(bytes));

    // What is made of the bytes; null where they are none.
    private static string? Bytes64(ReadOnlySpan<char> written, Func<ReadOnlySpan<byte>, string?> make)
    {
        char[] run = ArrayPool<char>.Shared.Rent(written.Length + 3);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(written.Length + 3);
        int length = 0;
        foreach (char letter in written)
            if (!char.IsWhiteSpace(letter)) run[length++] = letter switch { '-' => '+', '_' => '/', _ => letter };
        while (length > 0 && run[length - 1] == '=') length--;
        if (length % 4 == 1) length--;
        while (length % 4 != 0) run[length++] = '=';
        string? made = Convert.TryFromBase64Chars(run.AsSpan(0, length), bytes, out int count) ? make(bytes.AsSpan(0, count)) : null;
        ArrayPool<char>.Shared.Return(run, clearArray: true);
        ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
        return made;
    }

    // Words of these letters may stand beside it.
    private static string? DecodeHex(ReadOnlySpan<char> run)
    {
        if (Text(Bytes(run)) is { } text) return text;
        int first = run.IndexOfAny(Blanks), last = run.LastIndexOfAny(Blanks);
        if (first > 0 && Text(Bytes(run[first..])) is { Length: >= LeastBeside } behind) return $"{run[..first]} {behind}";
        if (last > 0 && Text(Bytes(run[..last])) is { Length: >= LeastBeside } before) return $"{before} {run[last..]}";
        return HexPart().Replace(run.ToString(), part => (part.Length % 2 == 0 ? Text(Bytes(part.ValueSpan)) : null) ?? part.Value);
    }

    private static string? Unescape(ReadOnlySpan<char> escape)
    {
        if (escape[^1..].ContainsAnyInRange('0', '7') && escape.TrimStart("\\") is { Length: 3 } octal && octal[0] is '0' or '1')
            return ((char)(((octal[0] - '0') * 64) + ((octal[1] - '0') * 8) + octal[2] - '0')).ToString();
        ReadOnlySpan<char> named = escape.TrimStart("\\%"), digits = named[0] == 'U' ? named["U00".Length..] : named[1..].Trim("{}");
        int code = int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return code <= char.MaxValue ? ((char)code).ToString() : Rune.IsValid(code) ? new Rune(code).ToString() : null;
    }

    private static byte[] Bytes(ReadOnlySpan<char> written)
    {
        char[] digits = ArrayPool<char>.Shared.Rent(written.Length);
        int count = 0;
        for (int i = 0; i < written.Length; i++)
        {
            if (written[i] == '0' && i + 1 < written.Length && written[i + 1] == 'x') i++;
            else if (!IsNoise(written[i])) digits[count++] = written[i];
        }
        byte[] bytes = Convert.FromHexString(digits.AsSpan(0, count));
        ArrayPool<char>.Shared.Return(digits, clearArray: true);
        return bytes;
    }

    // what stands between the digits of bytes
    private static bool IsNoise(char letter) => !char.IsAsciiHexDigit(letter);

    /// <summary>The text of bytes in UTF-8 or UTF-16; null where they are none that a person could read.</summary>
    internal static string? Text(ReadOnlySpan<byte> bytes)
    {
        bool isWide = bytes.Length >= 6 && bytes.Length % 2 == 0 && bytes.Contains((byte)0); // UTF-16 of a text that has Latin letters
        if (!isWide && !Utf8.IsValid(bytes)) return null; // most bytes are no text, and exceptions take long
        try
        {
            string text = (!isWide ? Strict : bytes[0] == 0 ? WideBigEndian : Wide).GetString(bytes);
            foreach (Rune rune in text.EnumerateRunes())
                if (!IsReadable(rune)) return null;
            return text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Whether a person could read it.</summary>
    internal static bool IsReadable(Rune rune) => rune.Value is '\n' or '\r' or '\t'
        || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);

    /// <summary>Whether most of it is letters and blanks, and some of the letters are vowels: chance and measured values make no such text.</summary>
    internal static bool IsWords(string text)
    {
        int letters = text.Count(char.IsLetter), ascii = text.Count(char.IsAsciiLetter), vowels = text.Count(letter => "aeiouyAEIOUY".Contains(letter));
        return (letters + text.Count(letter => letter == ' ')) * 4 >= text.Length * 3 && letters * 2 >= text.Length
            && (ascii * 2 < letters || (vowels * 7 >= ascii && vowels * 10 <= ascii * 7));
    }

    // What was encoded again and again in one way is opened at once.
    [GeneratedRegex("%(?:25)+(?=[0-9A-Fa-f]{2})")]
    private static partial Regex Again();

    [GeneratedRegex("&(?:amp;)+")]
    private static partial Regex Ampersands();

    [GeneratedRegex("&(?:#(?:[0-9]+|[xX][0-9A-Fa-f]+);?|[^&;]+;)")]
    private static partial Regex Entity();

    [GeneratedRegex(@"(?:%(?:25)*[0-9A-Fa-f]{2})+")]
    private static partial Regex Percent();

    // Characters of quoted-printable text, alone within a word or several together, and its line breaks.
    [GeneratedRegex(@"=\r?\n|(?:=[0-9A-F]{2}){2,}|=[0-9A-F]{2}(?<=\p{L}=[0-9A-F]{2})(?=\p{L})")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?:(?<!\\)\\+|%(?=u[0-9A-Fa-f]))(?:u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|U00[0-9A-Fa-f]{6}|[01][0-7]{2}(?![0-9]))")]
    private static partial Regex Escape();

    [GeneratedRegex(@"(?<![0-9A-Fa-f])(?:0x|(?<!\\)\\+x)?[0-9A-Fa-f]{2}h?(?:[\s:,;$""'`+|.\\/_()[\]{}-]{0,8}(?:0x|x)?[0-9A-Fa-f]{2}h?){5,}(?![0-9A-Fa-f])")]
    private static partial Regex Hex();

    [GeneratedRegex("[0-9A-Fa-f]{12,}")]
    private static partial Regex HexPart();

    [GeneratedRegex("[A-Za-z0-9+/_-]{12,}={0,2}")]
    private static partial Regex Base64();

    [GeneratedRegex("[A-Za-z0-9]{12,}")]
    private static partial Regex Part();
}
