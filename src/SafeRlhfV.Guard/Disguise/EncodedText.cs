using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace SafeRlhfV.Guard;

/// <summary>Opens text that is written in Base64, in hexadecimal digits, with percent signs, or with the escapes of JSON and HTML.</summary>
internal static partial class EncodedText
{
    private const int ShortestRun = 12; // in shorter ones too many words decode to letters by chance
    private const int MostMarks = 5;
    private const int LeastWithin = 12; // characters of a text among other bytes; fewer stand there by chance
    private const int LeastBeside = 6; // characters beside a word that could be hexadecimal digits
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n");
    private static readonly SearchValues<char> Digits =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");

    private static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
    private static readonly Encoding WideBigEndian = new UnicodeEncoding(true, false, throwOnInvalidBytes: true);
    private static readonly Encoding Wide = new UnicodeEncoding(false, false, throwOnInvalidBytes: true);

    /// <summary>The text with what is encoded in it opened.</summary>
    public static EditedText Open(string text)
    {
        EditedText opened = new(text);
        if (text.Contains('%')) opened.Replace(Percent(), match => Text(Bytes(Again().Replace(match.Value, "%"))) ?? match.Value);
        if (opened.Text.AsSpan().ContainsAny('\\', '%')) opened.Replace(Escape(), Unescape);
        if (opened.Text.Contains('&'))
        {
            opened.Replace(Ampersands(), _ => "&");
            opened.Replace(Entity(), match => WebUtility.HtmlDecode(match.Value.TrimEnd(';') + ";"));
        }
        if (Hex().IsMatch(opened.Text)) opened.Replace(Hex(), DecodeHex);
        if (HasRun(opened.Text)) opened.Replace(Base64(), Decode);
        return opened;
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
    private static string Decode(Match match)
    {
        string run = match.Value;
        int start = 0;
        for (int i = 0; i < MostMarks; i++)
        {
            if (Decode(run[start..]) is { Length: > 0 } text) return run[..start] + text;
            int mark = run.AsSpan(start).IndexOfAny("-_/+");
            if (mark < 0) return Within(run) ?? run;
            start += mark + 1;
        }
        string parted = Part().Replace(run, part => Decode(part.Value) ?? part.Value);
        return parted == run ? Within(run) ?? run : parted;
    }

    // The texts among bytes that are none as a whole, such as a text with a few other bytes behind it; null where there are none.
    private static string? Within(string written) =>
        Bytes64(written) is { } bytes && Runs(bytes, LeastWithin) is { Count: > 0 } runs ? string.Join('\n', runs) : null;

    /// <summary>The texts of at least so many characters among bytes.</summary>
    internal static IReadOnlyList<string> Runs(ReadOnlySpan<byte> bytes, int least)
    {
        List<string> runs = [];
        StringBuilder run = new();
        int characters = 0;
        while (!bytes.IsEmpty)
        {
            bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done && IsReadable(rune);
            bytes = bytes[Math.Max(1, length)..];
            if (isText)
            {
                run.Append(rune.ToString());
                characters++;
            }
            if (isText && !bytes.IsEmpty) continue;
            if (characters >= least) runs.Add(run.ToString());
            run.Clear();
            characters = 0;
        }
        return runs;
    }

    private static string? Decode(string written) => Bytes64(written) is { } bytes ? Text(bytes) : null;

    private static byte[]? Bytes64(string written)
    {
        string run = new([.. written.Where(letter => !char.IsWhiteSpace(letter)).Select(letter => letter switch { '-' => '+', '_' => '/', _ => letter })]);
        run = run.TrimEnd('=');
        if (run.Length % 4 == 1) run = run[..^1];
        byte[] bytes = new byte[run.Length];
        return Convert.TryFromBase64String(run.PadRight((run.Length + 3) / 4 * 4, '='), bytes, out int length) ? bytes[..length] : null;
    }

    // Words of these letters may stand beside it.
    private static string DecodeHex(Match match)
    {
        string run = match.Value;
        if (Text(Bytes(run)) is { } text) return text;
        int first = run.AsSpan().IndexOfAny(Blanks), last = run.AsSpan().LastIndexOfAny(Blanks);
        if (first > 0 && Text(Bytes(run[first..])) is { Length: >= LeastBeside } behind) return $"{run[..first]} {behind}";
        if (last > 0 && Text(Bytes(run[..last])) is { Length: >= LeastBeside } before) return $"{before} {run[last..]}";
        return HexPart().Replace(run, part => (part.Length % 2 == 0 ? Text(Bytes(part.Value)) : null) ?? part.Value);
    }

    private static string Unescape(Match match)
    {
        string digits = match.Groups[1].Value + match.Groups[2].Value + match.Groups[3].Value + match.Groups[4].Value;
        int code = int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return code <= char.MaxValue ? ((char)code).ToString() : Rune.IsValid(code) ? new Rune(code).ToString() : match.Value;
    }

    private static byte[] Bytes(string written) => Convert.FromHexString(Noise().Replace(written, ""));

    /// <summary>The text of bytes in UTF-8 or UTF-16; null where they are none that a person could read.</summary>
    internal static string? Text(byte[] bytes)
    {
        bool isWide = bytes.Length >= 6 && bytes.Length % 2 == 0 && bytes.Contains((byte)0); // UTF-16 of a text that has Latin letters
        if (!isWide && !Utf8.IsValid(bytes)) return null; // most bytes are no text, and exceptions take long
        try
        {
            string text = (!isWide ? Strict : bytes[0] == 0 ? WideBigEndian : Wide).GetString(bytes);
            return text.EnumerateRunes().All(IsReadable) ? text : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Whether a person could read it.</summary>
    internal static bool IsReadable(Rune rune) => rune.Value is '\n' or '\r' or '\t'
        || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);

    // What was encoded again and again in one way is opened at once.
    [GeneratedRegex("%(?:25)+(?=[0-9A-Fa-f]{2})")]
    private static partial Regex Again();

    [GeneratedRegex("&(?:amp;)+")]
    private static partial Regex Ampersands();

    [GeneratedRegex("&(?:#(?:[0-9]+|[xX][0-9A-Fa-f]+);?|[^&;]+;)")]
    private static partial Regex Entity();

    [GeneratedRegex(@"(?:%(?:25)*[0-9A-Fa-f]{2})+")]
    private static partial Regex Percent();

    [GeneratedRegex(@"(?:(?<!\\)\\+|%(?=u[0-9A-Fa-f]))(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|U00([0-9A-Fa-f]{6}))")]
    private static partial Regex Escape();

    [GeneratedRegex(@"(?<![0-9A-Fa-f])(?:0x)?[0-9A-Fa-f]{2}(?:[\s:,;$-]{0,6}(?:0x)?[0-9A-Fa-f]{2}){5,}(?![0-9A-Fa-f])")]
    private static partial Regex Hex();

    [GeneratedRegex("[0-9A-Fa-f]{12,}")]
    private static partial Regex HexPart();

    [GeneratedRegex(@"0x|[\s:,;$%-]")]
    private static partial Regex Noise();

    [GeneratedRegex("[A-Za-z0-9+/_-]{12,}={0,2}")]
    private static partial Regex Base64();

    [GeneratedRegex("[A-Za-z0-9]{12,}")]
    private static partial Regex Part();
}
