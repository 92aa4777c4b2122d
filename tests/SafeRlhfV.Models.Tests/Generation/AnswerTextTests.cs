namespace SafeRlhfV.Models.Tests;

public sealed class AnswerTextTests
{
    [Theory]
    [InlineData("  one two \n", "  one two \n", null)]
    [InlineData("one\n\nUSER: two", "one", "\n\nUSER:", "\n\nUSER:")]
    [InlineData("one\n\nUSE two", "one\n\nUSE two", null, "\n\nUSER:")]
    [InlineData("xabcy", "xa", "b", "abc", "b")] // "b" is complete before "abc" is
    [InlineData("xabcy", "x", "abc", "c", "abc")] // both end here; the longer one counts
    [InlineData("aaab", "a", "aab", "aab")] // the match begins within another one's beginning
    [InlineData("STOP at once", "", "STOP", "STOP")]
    [InlineData("   ", "   ", null, " \n")]
    [InlineData("smile 😀 stop", "smile 😀 ", "stop", "stop")]
    public void TheTextIsTheSameHoweverItComesInPieces(string whole, string expected, string? stop, params string[] stops)
    {
        RandomStream random = new(1, whole);
        for (int round = 0; round < 200; round++)
        {
            AnswerText text = new(stops);
            string shown = "";
            bool stopped = false;
            for (int at = 0; at < whole.Length && !stopped;)
            {
                int length = round == 0 ? whole.Length : Math.Min(whole.Length - at, 1 + random.NextInt(3));
                stopped = text.Append(whole.Substring(at, length));
                at += length;
                shown += text.Release(last: false);
                Assert.StartsWith(shown, expected, StringComparison.Ordinal); // nothing shown is taken back
            }
            shown += text.Release(last: true);
            Assert.Equal(expected, shown);
            Assert.Equal(expected, text.ToString());
            Assert.Equal(stop, text.Stop);
            Assert.Equal(stop is not null, stopped);
        }
    }

    [Fact]
    public void TextThatCannotBecomeAStopStringIsShownAtOnce()
    {
        AnswerText text = new(["###"]);
        Assert.False(text.Append("one #"));
        Assert.Equal("one ", text.Release(last: false));
        Assert.False(text.Append("two"));
        Assert.Equal("#two", text.Release(last: false));
        Assert.True(text.Append(" ### three"));
        Assert.Equal(" ", text.Release(last: false));
        Assert.True(text.Append("four"));
        Assert.Equal("one #two ", text.ToString());
    }
}
