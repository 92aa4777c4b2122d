using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace SafeRlhfV.Processing;

/// <summary>Runs of byte tokens (`&lt;0x0A&gt;`) become the text of their bytes; a run that is not valid UTF-8 as a whole becomes one U+FFFD a byte.</summary>
internal sealed class ByteFallbackDecoder : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        List<string> decoded = [];
        List<byte> run = [];
        foreach (string token in tokens)
        {
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                run.Add(value);
                continue;
            }
            Flush(run, decoded);
            decoded.Add(token);
        }
        Flush(run, decoded);
        return decoded;
    }

    private static void Flush(List<byte> run, List<string> decoded)
    {
        if (run.Count == 0) return;
        byte[] bytes = [.. run];
        run.Clear();
        decoded.Add(Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length));
    }
}
