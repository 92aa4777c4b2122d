namespace SafeRlhfV.Processing.Tests;

public sealed class NormalizerTests
{
    [Fact]
    public void OtherNormalizersDoWhatTheySay()
    {
        Assert.Equal("i\u0307σς straße", new LowercaseNormalizer().Apply("İΣς STRAßE"));
        Assert.Equal("a b", new StripNormalizer(left: true, right: true).Apply("\u3000a b\n"));
        Assert.Equal("a b ", new StripNormalizer(left: true, right: false).Apply(" a b "));
        Assert.Equal("Ao", new StripAccentsNormalizer().Apply("A\u0308o\u0301"));
        Assert.Equal("", new PrependNormalizer("▁").Apply(""));
    }
}
