using SafeRlhfV.Testing;

namespace SafeRlhfV.Core.Tests;

/// <summary>
/// Faults of the one file writer and the one folder writer: a full disk, a kill between two steps, a target that exists, leftovers, a folder that takes
/// nothing.
/// </summary>
public sealed class AtomicWriteTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private string Root => temporary.At("root");

    private string Target => temporary.At("root", "made");

    public void Dispose() => temporary.Dispose();

    [Theory, InlineData(false, false), InlineData(false, true), InlineData(true, false), InlineData(true, true)]
    public void WritesWhatIsWanted(bool folder, bool exists)
    {
        if (exists) Write(folder, Root, "old");
        Write(folder, Root, "new");
        Assert.Equal("new", Read(folder, Root));
        Assert.Single(Entries(Root));
    }

    /// <summary>The folder is copied at every moment between two steps: that is what a kill there would leave.</summary>
    [Theory, InlineData(false, false), InlineData(false, true), InlineData(true, false), InlineData(true, true)]
    public void AKillLeavesTheOldOneOrTheNewOneAndTheNextWriteCleansUp(bool folder, bool exists)
    {
        if (exists) Write(folder, Root, "old");
        List<string> copies = [];
        Observe(() => copies.Add(Copy(Root, temporary.At($"copy-{copies.Count}"))), () => Write(folder, Root, "new"));
        Assert.Equal(2, copies.Count);
        string?[] found = [.. copies.Select(copy => Read(folder, copy))];
        Assert.Equal([exists ? "old" : null, "new"], found);
        foreach (string copy in copies)
        {
            Write(folder, copy, "newer");
            Assert.Equal("newer", Read(folder, copy));
            Assert.Single(Entries(copy));
        }
    }

    /// <summary>Writers of one new file that begin at one moment: one wins, and all read what it wrote.</summary>
    [Fact]
    public void OfManyWritersOfANewFileOneWins()
    {
        const int Writers = 4;
        for (int round = 0; round < 100; round++)
        {
            string file = temporary.At("root", $"{round}.json");
            (bool Won, string Read)[] seen = Together(Writers, writer => (AtomicFile.WriteNew(file, $"by {writer}"), File.ReadAllText(file)));
            int winner = Array.FindIndex(seen, one => one.Won);
            Assert.Equal(1, seen.Count(one => one.Won));
            Assert.All(seen, one => Assert.Equal($"by {winner}", one.Read));
        }
        Assert.Equal(100, Entries(Root).Length);
    }

    /// <summary>Writers that replace one file at one moment: none fails, and the file is that of one of them.</summary>
    [Fact]
    public void ManyWritersOfOneFileDoNotDisturbEachOther()
    {
        for (int round = 0; round < 100; round++)
        {
            Together(4, writer =>
            {
                AtomicFile.Write(Target, $"by {writer}");
                return true;
            });
            Assert.Matches("^by [0-3]$", File.ReadAllText(Target));
            Assert.Single(Entries(Root));
        }
    }

    private static T[] Together<T>(int count, Func<int, T> act)
    {
        using Barrier start = new(count);
        T[] results = new T[count];
        Exception?[] faults = new Exception?[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            faults[i] = Record.Exception(() => results[i] = act(i));
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.All(faults, Assert.Null);
        return results;
    }

    /// <summary>Where folders cannot be exchanged in one step, a kill may come while neither has the name.</summary>
    [Fact]
    public void AFolderThatAKillLeftWithoutANameIsPutBack()
    {
        Write(folder: true, Root, "old");
        string stem = temporary.At("root", $".made.{Guid.NewGuid():N}");
        Directory.Move(Target, stem + ".old");
        Directory.CreateDirectory(stem + ".partial");
        File.WriteAllText(stem + ".lock", "");
        AtomicFolder.RemoveLeftovers(Root);
        Assert.Equal("old", Read(folder: true, Root));
        Assert.Single(Entries(Root));
    }

    [Theory, InlineData(false, false), InlineData(false, true), InlineData(true, false), InlineData(true, true)]
    public void AFullDiskLeavesWhatWasThere(bool folder, bool exists)
    {
        Directory.CreateDirectory(Root);
        if (exists) Write(folder, Root, "old");
        void Fill(Stream stream)
        {
            stream.Write(new byte[1 << 17]);
            throw new IOException("No space left on device");
        }
        string message = Assert.Throws<InvalidInputException>(() =>
        {
            if (!folder) AtomicFile.Write(Target, Fill);
            else AtomicFolder.Write(Target, overwrite: true, aside => Fill(File.Create(Path.Combine(aside, "content"))));
        }).Message;
        Assert.Equal($"{Target}: cannot be written (No space left on device); check the permissions and the free space.", message);
        Assert.Equal(exists ? "old" : null, Read(folder, Root));
        Assert.Equal(exists ? 1 : 0, Entries(Root).Length);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void AFolderThatTakesNothingIsNamedOnOneLine(bool folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a folder that not even root can write");
        string message = Assert.Throws<InvalidInputException>(() => Write(folder, "/proc", "new")).Message;
        Assert.StartsWith("/proc/made: cannot be written (", message);
        Assert.DoesNotContain(".partial", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void ATakenNameIsRefusedBeforeAnythingIsWritten()
    {
        Write(folder: true, Root, "mine");
        Assert.Contains("is not empty", Assert.Throws<InvalidInputException>(() => AtomicFolder.Create(Target)).Message);
        Assert.Contains("is a folder", Assert.Throws<InvalidInputException>(() => AtomicFile.Write(Target, "text")).Message);
        Assert.Contains("a file of this name",
            Assert.Throws<InvalidInputException>(() => AtomicFolder.Create(temporary.At("root", "made", "content"), overwrite: true)).Message);
        Assert.Contains("is empty", Assert.Throws<InvalidInputException>(() => AtomicFile.Write(" ", "text")).Message);
        Assert.Equal("mine", Read(folder: true, Root));
        Assert.Single(Entries(Root));
    }

    /// <summary>What another process writes at this moment is no leftover; names that only look like ours are left alone.</summary>
    [Fact]
    public void OnlyLeftoversAreRemoved()
    {
        using AtomicFile file = AtomicFile.Create(Target);
        using AtomicFolder folder = AtomicFolder.Create(temporary.At("root", "other"));
        string mine = temporary.At("root", ".made.mine.lock"), similar = temporary.At("root", ".made.note.partial");
        foreach (string path in (string[])[mine, similar]) File.WriteAllText(path, "mine");
        AtomicFile.Write(Target, "second");
        AtomicFolder.Write(temporary.At("root", "other"), overwrite: false, aside => File.WriteAllText(Path.Combine(aside, "content"), "second"));
        AtomicFolder.RemoveLeftovers(Root);
        Assert.True(File.Exists(mine) && File.Exists(similar));
        file.Stream.Write("first"u8);
        file.Commit();
        Assert.Equal("first", File.ReadAllText(Target));
        Assert.True(Directory.Exists(folder.Path));
        folder.Dispose();
        Assert.Equal(4, Entries(Root).Length);
    }

    [Fact]
    public void WithoutACommitNothingStays()
    {
        using (AtomicFile file = AtomicFile.Create(Target)) file.Stream.Write("half"u8);
        using (AtomicFolder folder = AtomicFolder.Create(Target)) File.WriteAllText(folder.At("inner", "half"), "half");
        Assert.Empty(Entries(Root));
    }

    private static void Observe(Action between, Action write)
    {
        Crashes.Observer = between;
        try
        {
            write();
        }
        finally
        {
            Crashes.Observer = null;
        }
    }

    private static void Write(bool folder, string root, string content)
    {
        string target = Path.Combine(root, "made");
        if (folder) AtomicFolder.Write(target, overwrite: true, aside => File.WriteAllText(Path.Combine(aside, "content"), content));
        else AtomicFile.Write(target, content);
    }

    private static string? Read(bool folder, string root)
    {
        string file = folder ? Path.Combine(root, "made", "content") : Path.Combine(root, "made");
        return File.Exists(file) ? File.ReadAllText(file) : null;
    }

    private static string[] Entries(string root) => Directory.GetFileSystemEntries(root);

    private static string Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string folder in Directory.GetDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        // the files that are being written are locked against opening, not against reading by another program
        foreach (string file in Directory.GetFiles(from)) System.Diagnostics.Process.Start("cp", [file, to]).WaitForExit();
        return to;
    }
}
