namespace SafeRlhfV.Core.Tests;

public sealed class UnicodeFormsTests
{
    [Theory]
    [InlineData("e\u0301", "\u00E9", "e\u0301", "\u00E9", "e\u0301")]
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")] // the angstrom sign is never composed again
    [InlineData("\uD55C", "\uD55C", "\u1112\u1161\u11AB", "\uD55C", "\u1112\u1161\u11AB")]
    [InlineData("\u1112\u1161\u11AB", "\uD55C", "\u1112\u1161\u11AB", "\uD55C", "\u1112\u1161\u11AB")]
    [InlineData("\uFB01\u00B2", "\uFB01\u00B2", "\uFB01\u00B2", "fi2", "fi2")]
    [InlineData("x\u0301\u0327", "x\u0327\u0301", "x\u0327\u0301", "x\u0327\u0301", "x\u0327\u0301")] // marks in the order of their classes
    [InlineData("a\u0327\u0300", "\u00E0\u0327", "a\u0327\u0300", "\u00E0\u0327", "a\u0327\u0300")] // not blocked by a lower class
    [InlineData("a\u0302\u0300", "\u1EA7", "a\u0302\u0300", "\u1EA7", "a\u0302\u0300")]
    [InlineData("a\u0305\u0300", "a\u0305\u0300", "a\u0305\u0300", "a\u0305\u0300", "a\u0305\u0300")] // blocked by the same class
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")] // excluded from composing
    [InlineData("plain", "plain", "plain", "plain", "plain")]
    public void TheFourFormsAreThoseOfUnicode(string text, string nfc, string nfd, string nfkc, string nfkd)
    {
        Assert.Equal(nfc, UnicodeForms.Apply(text, compose: true, compatibility: false));
        Assert.Equal(nfd, UnicodeForms.Apply(text, compose: false, compatibility: false));
        Assert.Equal(nfkc, UnicodeForms.Apply(text, compose: true, compatibility: true));
        Assert.Equal(nfkd, UnicodeForms.Apply(text, compose: false, compatibility: true));
    }

    [Theory]
    [InlineData("\uD83D")]
    [InlineData("e\u0301 \uD83D")]
    [InlineData("\uDE00\uD83D e\u0301")]
    public void HalvesOfCharactersStay(string text)
    {
        foreach ((bool compose, bool compatibility) in ((bool, bool)[])[(true, false), (false, false), (true, true), (false, true)])
            Assert.Equal(text.Count(char.IsSurrogate), UnicodeForms.Apply(text, compose, compatibility).Count(char.IsSurrogate));
    }
}
