using System.Globalization;
using System.Text;

namespace SafeRlhfV.Core;

/// <summary>
/// What Unicode says of composing and decomposing. The runtime's own normalisation does nothing without ICU (the product runs with invariant globalisation),
/// and the reference engine has an older table than the runtime: hence the data here.
/// </summary>
internal sealed class UnicodeData
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, Vowels = 21, Tails = 28, Syllables = 11172;

    private readonly Dictionary<int, byte> classes = [];
    private readonly Dictionary<int, int[]> canonical = [], compatible = [];
    private readonly Dictionary<(int, int), int> pairs = [];
    private readonly List<(int First, int Last)> marks = [];
    private readonly bool[] unstable = new bool[0x10000];
    private readonly HashSet<int> unstableAstral = [];

    private UnicodeData()
    {
        using Stream stream = typeof(UnicodeData).Assembly.GetManifestResourceStream("UnicodeNormalization.txt")!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line) if (line.Length > 0 && line[0] != '#') Read(line);
        foreach (int code in classes.Keys) MarkUnstable(code);
        foreach ((_, int second) in pairs.Keys) MarkUnstable(second);
        for (int code = VowelBase; code < VowelBase + Vowels; code++) MarkUnstable(code);
        for (int code = TailBase + 1; code < TailBase + Tails; code++) MarkUnstable(code);
    }

    /// <summary>The table.</summary>
    public static UnicodeData Table { get; } = new();

    /// <summary>The combining class of a code point.</summary>
    public byte ClassOf(int code) => classes.GetValueOrDefault(code);

    /// <summary>True for marks.</summary>
    public bool IsMark(int code)
    {
        int low = 0, high = marks.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (marks[middle].Last >= code) high = middle;
            else low = middle + 1;
        }
        return low < marks.Count && marks[low].First <= code;
    }

    /// <summary>True if composing may change a text only because this code point is in it.</summary>
    public bool MayCompose(int code) => code < unstable.Length ? unstable[code] : unstableAstral.Contains(code);

    /// <summary>Appends a code point's full decomposition.</summary>
    public void Decompose(int code, bool compatibility, List<int> codes)
    {
        if (code is >= HangulBase and < HangulBase + Syllables)
        {
            int index = code - HangulBase;
            codes.Add(LeadBase + index / (Vowels * Tails));
            codes.Add(VowelBase + index % (Vowels * Tails) / Tails);
            if (index % Tails > 0) codes.Add(TailBase + index % Tails);
        }
        else if (canonical.TryGetValue(code, out int[]? parts) || compatibility && compatible.TryGetValue(code, out parts))
        {
            foreach (int part in parts) Decompose(part, compatibility, codes);
        }
        else
        {
            codes.Add(code);
        }
    }

    /// <summary>What two code points compose to; -1 if they do not.</summary>
    public int Compose(int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + 19 && second is >= VowelBase and < VowelBase + Vowels)
            return HangulBase + ((first - LeadBase) * Vowels + second - VowelBase) * Tails;
        if (first is >= HangulBase and < HangulBase + Syllables && (first - HangulBase) % Tails == 0 && second is > TailBase and < TailBase + Tails)
            return first + second - TailBase;
        return pairs.TryGetValue((first, second), out int composed) ? composed : -1;
    }

    private void Read(string line)
    {
        string[] fields = line.Split(';');
        if (fields.Length == 1)
        {
            string[] ends = line.Split("..");
            marks.Add((Hex(ends[0]), Hex(ends[^1])));
            return;
        }
        int code = Hex(fields[0]);
        if (fields[1].Length > 0) classes[code] = byte.Parse(fields[1], CultureInfo.InvariantCulture);
        if (fields[2].Length == 0) return;
        int[] parts = [.. fields[2].TrimStart('~', '!').Split(' ').Select(Hex)];
        (fields[2][0] == '~' ? compatible : canonical)[code] = parts;
        if (fields[2][0] == '!') MarkUnstable(code);
        else if (fields[2][0] != '~') pairs[(parts[0], parts[1])] = code;
    }

    private void MarkUnstable(int code)
    {
        if (code < unstable.Length) unstable[code] = true;
        else unstableAstral.Add(code);
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
