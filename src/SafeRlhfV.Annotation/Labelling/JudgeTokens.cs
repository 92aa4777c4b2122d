using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>What a judgement takes, estimated: real numbers depend on the judge's tokenizer and on how it takes images.</summary>
internal static class JudgeTokens
{
    /// <summary>A verdict with its reason.</summary>
    public const int Reply = 120;

    private const int LettersPerToken = 4, ImageSide = 28, MostImageTokens = 16384;

    /// <summary>Tokens of a question to the judge.</summary>
    public static long Of(PairwiseQuestion question) => ChatPairwiseJudge.TextOf(question).Length / LettersPerToken + OfImage(question.Image?.Bytes);

    /// <summary>Days of one GPU.</summary>
    public static double GpuDays(long tokens, double tokensPerSecond) => tokens / tokensPerSecond / TimeSpan.FromDays(1).TotalSeconds;

    /// <summary>Tokens of an image, 28 x 28 pixels each.</summary>
    public static long OfImage(byte[]? bytes) => bytes is not null && ImageHeader.Read(bytes) is { } header
        ? Math.Min(MostImageTokens, (long)Math.Ceiling(header.Width / (double)ImageSide) * (long)Math.Ceiling(header.Height / (double)ImageSide))
        : 0;
}
