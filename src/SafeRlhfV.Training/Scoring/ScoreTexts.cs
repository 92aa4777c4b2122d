using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>
/// Writes responses for a server. It renders a conversation with its chat template, drops what follows the last message, and reads the tokens of that text:
/// a response is sent exactly where its text, cut into tokens, is the sampled response again.
/// </summary>
/// <param name="processor">The policy's tokenizer and chat format.</param>
internal sealed class ScoreTexts(ModelProcessor processor)
{
    private readonly SampleEncoder encoder = new SampleEncoder(processor, new LengthLimits()).ForLengths();
    private readonly string[] endTokens = [.. processor.EosTokenIds.Select(processor.Tokenizer.TokenOf)];

    /// <summary>The texts of samples with responses.</summary>
    public ScoreText[] Of(IReadOnlyList<EncodedSample> samples)
    {
        SentMessages prompts = new();
        return [.. samples.Select(sample => sample.Images is null ? new ScoreText([.. sample.Prompt, .. sample.Response], [], IsExact: true)
            : WithImages(sample, prompts.Of(sample.SentRow)))];
    }

    private ScoreText WithImages(EncodedSample sample, IReadOnlyList<ServerMessage> prompt)
    {
        int[] body = sample.Response;
        string end = "";
        if (processor.EosTokenIds.Contains(body[^1])) (body, end) = (body[..^1], processor.Tokenizer.TokenOf(body[^1]));
        // some chat formats put a blank before a response, which decoding leaves in it
        string text = processor.DecodeResponse(body);
        string[] ways = text.StartsWith(' ') ? [text, text[1..]] : [text];
        (string best, int[] ids) = ways.Select(way => (way, encoder.EncodeAnswer(sample.SentRow, way)[..^1]))
            .MaxBy(way => way.Item2.AsSpan().CommonPrefixLength(body));
        bool isExact = ids.AsSpan().SequenceEqual(body) && IsPlain(best) && IsCutWhereItEnds(best, end);
        if (!IsPlain(best)) best = processor.Tokenizer.Decode(processor.Tokenizer.Encode(best, addSpecialTokens: false));
        return new([.. sample.Prompt, .. sample.Response], [.. prompt, new ServerMessage("assistant", [new(best + end, null)])], isExact);
    }

    // servers read a special token's name as that token
    private bool IsPlain(string text) => processor.Tokenizer.Encode(text, addSpecialTokens: false)
        .SequenceEqual(processor.Tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens: false));

    // transformers cuts the conversation behind the last place where the message stands without its outer blanks, and keeps blanks behind it only where it
    // has none before; the end of a turn, which the template writes behind it, must not be taken for it
    private bool IsCutWhereItEnds(string text, string end)
    {
        string core = text.Trim();
        return end.Length > 0 ? core.Length > 0
            : !endTokens.Any(token => token.Contains(core, StringComparison.Ordinal)) && (text.TrimEnd() == text || text.TrimStart() == text);
    }
}
