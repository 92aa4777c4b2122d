namespace SafeRlhfV.Data.Tests;

public sealed class RowPrintTests
{
    [Theory]
    [InlineData("Caf\u00E9  au lait", "cafe\u0301 AU LAIT")]
    [InlineData("\uD55C\uAE00", "\u1112\u1161\u11AB\u1100\u1173\u11AF")]
    [InlineData("\uD83D\uDE00 \u00FC", "\uD83D\uDE00 u\u0308")] // beside an emoji
    [InlineData("\uD83D \u00FC", "\uD83D u\u0308")] // beside half a character
    public void TheSameWordsAreTheSameHoweverTheirAccentsAreWritten(string one, string other) =>
        Assert.Equal(RowPrint.Normalize(one), RowPrint.Normalize(other));

    [Theory]
    [InlineData("x\u00B2", "x2")]
    [InlineData("ano", "a\u00F1o")]
    public void OtherWordsStayOthers(string one, string other) => Assert.NotEqual(RowPrint.Normalize(one), RowPrint.Normalize(other));
}
