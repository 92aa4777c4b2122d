using SafeRlhfV.Testing;

namespace SafeRlhfV.Core.Tests;

public sealed class FileSizeTests
{
    [Fact]
    public void ALinkHasTheSizeOfTheFileThatItLeadsTo()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllBytes(temporary.At("file"), new byte[1000]);
        Directory.CreateDirectory(temporary.At("links"));
        File.CreateSymbolicLink(temporary.At("links", "one"), Path.Combine("..", "file"));
        File.CreateSymbolicLink(temporary.At("links", "two"), "one");
        Assert.Equal(1000, FileSize.Of(temporary.At("file")));
        Assert.Equal(1000, FileSize.Of(temporary.At("links", "one")));
        Assert.Equal(1000, FileSize.Of(temporary.At("links", "two")));
        File.Delete(temporary.At("file"));
        Assert.ThrowsAny<IOException>(() => FileSize.Of(temporary.At("file")));
        Assert.ThrowsAny<IOException>(() => FileSize.Of(temporary.At("links", "two")));
    }
}
