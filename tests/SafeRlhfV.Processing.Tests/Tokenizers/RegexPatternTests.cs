using System.Globalization;
using CsCheck;

namespace SafeRlhfV.Processing.Tests;

public sealed class RegexPatternTests
{
    private const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOf(" ", "  ", "\n", "\r\n", "\t", "a", "Wort", "'s", "'LL", "'ſ", "'r", "12", "3", "é", "𠜎", "𝔘", "𝟙", "👍", "\u0301", "\u00A0", "\u2028",
            "!", "…", "½"),
        Gen.Int[1, 0x2FFFF].Where(code => code is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)).Array[0, 16].Select(string.Concat);

    /// <summary>The scanner and the runtime's engine, which sees a stand-in for every code point beyond the basic plane, agree.</summary>
    [Theory, InlineData(Llama3), InlineData(Gpt2)]
    public void ScannersMatchAsTheExpressionsDo(string expression)
    {
        WordPattern scanner = WordPattern.Known(expression)!;
        RegexPattern regex = new(RegexTranslation.Compile(expression, out _)!);
        Texts.Sample(
            text =>
            {
                List<TextMatch> ours = [], theirs = [];
                scanner.Find(text, ours);
                regex.Find(text, theirs);
                return ours.SequenceEqual(theirs);
            },
            iter: 3000);
    }

    [Fact]
    public void StandInsHaveTheCategoryTheyStandFor()
    {
        for (int i = 0; i < RegexPattern.StandIns.Length; i++) Assert.Equal((UnicodeCategory)i, CharUnicodeInfo.GetUnicodeCategory(RegexPattern.StandIns[i]));
        Assert.Equal(Enum.GetValues<UnicodeCategory>().Length, RegexPattern.StandIns.Length);
    }

    [Theory]
    [InlineData(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}|\s+", "Straße 𝔘n 12345'S",
        "Straße| 𝔘n| |123|45|'S")]
    [InlineData(@"\w+", "ab² 𠜎c-d", "ab²| |𠜎c|-|d")]
    [InlineData("(?i:kelvin)", "xKelvinKELVIN", "x|Kelvin|KELVIN")]
    public void OtherExpressionsCutByCodePoints(string expression, string text, string pieces)
    {
        PatternSplitter splitter = new(new RegexPattern(RegexTranslation.Compile(expression, out string fault) ?? throw new InvalidOperationException(fault)),
            SplitBehavior.Isolated, invert: false);
        Assert.Equal(pieces, string.Join('|', Pieces(splitter, text)));
    }

    [Theory]
    [InlineData(@"a\b"), InlineData("[[:alpha:]]"), InlineData("[a&&b]"), InlineData("(?i)a"), InlineData("(?m:a.b)"), InlineData(@"\h"), InlineData("a{,3}"),
        InlineData("𠜎"), InlineData("a++"), InlineData(@"\p{Han}"), InlineData("("), InlineData("\\")]
    [InlineData(@"[\W]")]
    public void WhatWouldMeanSomethingElseIsRefused(string expression)
    {
        Assert.Null(RegexTranslation.Compile(expression, out string fault));
        Assert.NotEmpty(fault);
    }

    [Theory]
    [InlineData("Removed", false, "a|b|c"), InlineData("Removed", true, "-|-|-")]
    [InlineData("Isolated", false, "a|-|b|-|-|c"), InlineData("Contiguous", false, "a|-|b|--|c")]
    [InlineData("MergedWithPrevious", false, "a-|b-|-|c"), InlineData("MergedWithNext", false, "a|-b|-|-c")]
    public void EveryBehaviourTreatsMatchesAsItSays(string behavior, bool invert, string pieces) =>
        Assert.Equal(pieces, string.Join('|', Pieces(new PatternSplitter(new LiteralPattern("-"), Enum.Parse<SplitBehavior>(behavior), invert), "a-b--c")));

    private static List<string> Pieces(PreTokenizer splitter, string text)
    {
        Collector collector = new();
        splitter.Apply(text, first: true, collector);
        return collector.Pieces;
    }

    private sealed class Collector : PieceReceiver
    {
        public List<string> Pieces { get; } = [];

        public override void Receive(ReadOnlySpan<char> piece, bool first) => Pieces.Add(piece.ToString());
    }
}
