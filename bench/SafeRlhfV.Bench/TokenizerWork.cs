using System.Text;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Bench;

/// <summary>Plain English to token ids on one thread. Words come as often as in running text: a few all the time, many rarely.</summary>
internal static class TokenizerWork
{
    private const int Bytes = 2 << 20, TextBytes = 2000;

    private const string Stems =
        "act add age ask bake bear bend book bring build burn call camp care carry cast chair change clean clear climb close cook count cover cross dance "
            + "deal deep "
        + "draw dream drink drive eat enter face fall farm feel field fill find fish fix floor fold form gather give glass grow hand hang help hold home hope "
            + "house "
        + "hunt join jump keep kind know land last laugh lead learn leave lift light list long look make mark meet milk mind move name need open order paint "
            + "pass "
        + "pay place plan plant play point pull push quick rain reach read rest ride ring rise road roof round run sail salt search seat see sell send set "
            + "shape "
        + "share shine shop show sing sit sleep slow small smile snow soft sort sound speak stand start stay step stone story street strong study talk taste "
            + "teach "
        + "tell thank think throw time touch town trade train travel tree try turn wait walk warm wash watch water wear wind wish wonder wood word work write "
            + "yard";

    private static readonly string[] Common = ["the", "of", "and", "to", "a", "in", "is", "that", "it", "was", "for", "on", "with", "as", "he", "she", "they",
        "at", "by", "from", "not", "but", "which", "her", "his"];

    private static readonly string[] Endings = ["", "s", "ed", "ing", "er", "ers", "able", "less", "ful", "ly", "ment", "ness", "y", "'s"];

    public static void Run(BenchSettings settings)
    {
        Tokenizer tokenizer = Tokenizer.Load(settings.Tokenizer ?? Repository.At("tests", "golden", "tokenizers", "llama3-style"));
        string[] texts = Texts();
        long bytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text)), tokens = 0;
        double seconds = Measure.Median(() => tokens = texts.Sum(text => (long)tokenizer.Encode(text).Count), settings.FewRepeats);
        Measure.Emit(settings with { Threads = 1 }, "tokenizer", ("mb_per_s", Math.Round(bytes / seconds / 1e6, 2)),
            ("tokens_per_s", Math.Round(tokens / seconds)), ("bytes_per_token", Math.Round((double)bytes / tokens, 2)));
    }

    private static string[] Texts()
    {
        RandomStream stream = new(0, "bench/tokenizer");
        string[] stems = Stems.Split(' '), rare = [.. Endings.SelectMany(ending => stems.Select(stem => stem + ending))];
        string[] shuffled = [.. stream.Permutation(rare.Length).Select(i => rare[i])];
        List<string> texts = [];
        for (int total = 0; total < Bytes; total += texts[^1].Length) texts.Add(Text(stream, shuffled));
        return [.. texts];
    }

    private static string Text(RandomStream stream, string[] rare)
    {
        StringBuilder text = new();
        while (text.Length < TextBytes)
        {
            int words = 6 + (int)(stream.NextUInt64() % 14);
            for (int i = 0; i < words; i++)
            {
                double share = (stream.NextUInt64() >> 11) * (1.0 / (1L << 53));
                // Zipf: the rank's logarithm is even
                string word = stream.NextUInt64() % 100 < 45 ? Common[(int)(share * Common.Length)] : rare[(int)Math.Pow(rare.Length, share) - 1];
                if (i == 0) word = char.ToUpperInvariant(word[0]) + word[1..];
                text.Append(word).Append(i + 1 == words ? ". " : i % 7 == 6 ? ", " : " ");
            }
        }
        return text.ToString();
    }
}
