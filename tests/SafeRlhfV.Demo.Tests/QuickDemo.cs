using SafeRlhfV.Testing;

namespace SafeRlhfV.Demo.Tests;

/// <summary>One quick demo that the tests share.</summary>
public sealed class QuickDemo : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public QuickDemo()
    {
        Folders = new DemoFolders(folder.At("demo"));
        Results = DemoRunner.Run(DemoSettings.Quick(Seed), Folders.Root)!;
    }

    public static long Seed => 5;

    public DemoFolders Folders { get; }

    public DemoResults Results { get; }

    public void Dispose() => folder.Dispose();
}
