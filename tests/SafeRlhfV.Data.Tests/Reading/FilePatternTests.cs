using System.Diagnostics;

namespace SafeRlhfV.Data.Tests;

public sealed class FilePatternTests
{
    [Theory]
    [InlineData("data/*/train*.parquet", "data/hacking/train-00000-of-00001.parquet", true)]
    [InlineData("data/*/train*.parquet", "data/hacking/more/train.parquet", false)]
    [InlineData("data/**/train.parquet", "data/train.parquet", true)]
    [InlineData("data/**/train.parquet", "data/a/b/train.parquet", true)]
    [InlineData("data/**/train.parquet", "data/a/b/xtrain.parquet", false)]
    [InlineData("**", "a/b.parquet", true)]
    [InlineData("a**", "a/b/c", true)]
    [InlineData("data/?.parquet", "data/a.parquet", true)]
    [InlineData("data/?.parquet", "data//.parquet", false)]
    [InlineData("part-[0-3].parquet", "part-2.parquet", true)]
    [InlineData("part-[0-3].parquet", "part-4.parquet", false)]
    [InlineData("part-[!0-3x].parquet", "part-4.parquet", true)]
    [InlineData("part-[!0-3x].parquet", "part-x.parquet", false)]
    [InlineData("a[.parquet", "a[.parquet", true)]
    [InlineData("a.parquet", "aXparquet", false)]
    [InlineData("a.parquet", "a.parquet.old", false)]
    [InlineData("", "a", false)]
    public void APatternMatchesAsOnTheHub(string pattern, string file, bool matches) => Assert.Equal(matches, new FilePattern(pattern).IsMatch(file));

    [Fact]
    public void AHostilePatternIsQuick()
    {
        FilePattern pattern = new(string.Concat(Enumerable.Repeat("**a*", 50)) + "b");
        Stopwatch watch = Stopwatch.StartNew();
        Assert.False(pattern.IsMatch(new string('a', 2000)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
    }
}
