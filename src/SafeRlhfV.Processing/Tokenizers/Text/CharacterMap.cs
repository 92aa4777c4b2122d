using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>
/// SentencePiece's compiled character map (`precompiled_charsmap`): a double array of what is replaced, then the replacements, each ended by a zero.
/// </summary>
/// <remarks>
/// As the reference engine does it, the map is asked for a whole grapheme cluster first if that is shorter than 6 bytes, and then gives the replacement of the
/// cluster's shortest known beginning for all of it; only else code point by code point.
/// </remarks>
internal sealed class CharacterMap : TextNormalizer
{
    private const int LongestCluster = 6;

    private readonly uint[] units;
    private readonly byte[] replacements;

    /// <summary>Reads the map: a length in bytes (uint32, little-endian), the double array, the replacements.</summary>
    /// <exception cref="FormatException">The bytes are no such map.</exception>
    public CharacterMap(ReadOnlySpan<byte> map)
    {
        if (map.Length < 4) throw new FormatException("it is shorter than its own length field");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (length == 0 || length % 4 != 0 || length > map.Length - 4) throw new FormatException($"its table of {length} bytes does not fit");
        units = new uint[length / 4];
        for (int i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + 4 * i)..]);
        replacements = map[(4 + (int)length)..].ToArray();
    }

    public override string Apply(string text)
    {
        StringBuilder result = new(text.Length + 8);
        Span<byte> utf8 = stackalloc byte[LongestCluster];
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = StringInfo.GetNextTextElementLength(text, start);
            ReadOnlySpan<char> cluster = text.AsSpan(start, length);
            if (length < LongestCluster && Encoding.UTF8.GetByteCount(cluster) < LongestCluster
                && Find(utf8[..Encoding.UTF8.GetBytes(cluster, utf8)]) is { } whole)
            {
                result.Append(whole);
                continue;
            }
            foreach (Rune rune in cluster.EnumerateRunes())
                result.Append(Find(utf8[..rune.EncodeToUtf8(utf8)]) ?? rune.ToString());
        }
        return result.ToString();
    }

    // the replacement of the shortest beginning that the map knows
    private string? Find(ReadOnlySpan<byte> key)
    {
        uint unit = units[0];
        uint at = Offset(unit);
        foreach (byte value in key)
        {
            if (value == 0) return null;
            at ^= value;
            if (at >= units.Length) return null;
            unit = units[at];
            if ((unit & 0x800000FF) != value) return null;
            at ^= Offset(unit);
            if (((unit >> 8) & 1) == 1 && at < units.Length) return Replacement((int)(units[at] & 0x7FFFFFFF));
        }
        return null;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);

    private string Replacement(int start)
    {
        if (start >= replacements.Length) return "";
        ReadOnlySpan<byte> rest = replacements.AsSpan(start);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
