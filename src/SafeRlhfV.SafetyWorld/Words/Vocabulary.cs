using System.Text;

namespace SafeRlhfV.SafetyWorld;

/// <summary>The world's word-level vocabulary: five special tokens, two role words and every word of its texts, 223 in all.</summary>
public static class Vocabulary
{
    private static readonly char[] Blanks = [' ', '\n', '\t', '\r'];

    private static readonly Dictionary<string, int> Ids;
    private static readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> IdsBySpan;

    static Vocabulary()
    {
        Tokens = [.. WorldTables.AllTexts().SelectMany(text => text.Split(' ')).Distinct()];
        Ids = Tokens.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        IdsBySpan = Ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Id of <c>&lt;pad&gt;</c>.</summary>
    public const int Pad = 0;

    /// <summary>Id of <c>&lt;s&gt;</c>, which begins every prompt.</summary>
    public const int Begin = 1;

    /// <summary>Id of <c>&lt;/s&gt;</c>, which ends every answer.</summary>
    public const int End = 2;

    /// <summary>Id of <c>&lt;unk&gt;</c>: any word the world does not know.</summary>
    public const int Unknown = 3;

    /// <summary>Id of <c>&lt;image&gt;</c>.</summary>
    public const int Image = 4;

    /// <summary>How many tokens are special (the first ids).</summary>
    public const int SpecialCount = 5;

    /// <summary>Image tokens of one image: 56 px in patches of 14 px.</summary>
    public const int ImageTokens = 16;

    /// <summary>Columns of a prompt, padded on the left; the longest has 31 tokens.</summary>
    public const int PromptLength = 32;

    /// <summary>Columns of an answer: 23 words and <c>&lt;/s&gt;</c>, padded on the right.</summary>
    public const int ResponseLength = 24;

    /// <summary>All tokens in the order of their ids.</summary>
    public static IReadOnlyList<string> Tokens { get; }

    /// <summary>The id of a word; <see cref="Unknown"/> where the world does not know it.</summary>
    public static int IdOf(string word) => Ids.GetValueOrDefault(word, Unknown);

    /// <summary>The ids of a text's words, split at white space.</summary>
    public static int[] Encode(ReadOnlySpan<char> text)
    {
        List<int> ids = [];
        foreach (Range part in text.SplitAny(Blanks))
            if (text[part] is { Length: > 0 } word) ids.Add(IdsBySpan.TryGetValue(word, out int id) ? id : Unknown);
        return [.. ids];
    }

    /// <summary>The text of an answer: its words joined by spaces, up to the first <c>&lt;/s&gt;</c>, without special tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public static string Decode(IEnumerable<int> ids)
    {
        StringBuilder text = new();
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)Tokens.Count, nameof(ids));
            if (id == End) break;
            if (id < SpecialCount) continue;
            if (text.Length > 0) text.Append(' ');
            text.Append(Tokens[id]);
        }
        return text.ToString();
    }

    /// <summary>Ids of <c>&lt;s&gt; USER: &lt;image&gt; x16 {question} ASSISTANT:</c>, without padding.</summary>
    public static int[] EncodePrompt(string question) =>
        [Begin, IdOf("USER:"), .. Enumerable.Repeat(Image, ImageTokens), .. Encode(question), IdOf("ASSISTANT:")];
}
