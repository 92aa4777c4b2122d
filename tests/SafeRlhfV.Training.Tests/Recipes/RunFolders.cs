namespace SafeRlhfV.Training.Tests;

/// <summary>Compares what two runs left.</summary>
internal static class RunFolders
{
    /// <summary>Metrics, the last checkpoint and the result are the same to the bit.</summary>
    public static void Equal(string expected, string actual)
    {
        Assert.Equal(File.ReadAllText(Path.Combine(expected, "metrics.jsonl")), File.ReadAllText(Path.Combine(actual, "metrics.jsonl")));
        string last = Directory.EnumerateDirectories(Path.Combine(expected, "checkpoints")).Max()!;
        foreach (string folder in new[] { "result", Path.Combine("checkpoints", Path.GetFileName(last)) })
        {
            string[] files = Files(Path.Combine(expected, folder));
            Assert.NotEmpty(files);
            Assert.Equal(files, Files(Path.Combine(actual, folder)));
            foreach (string file in files)
                Assert.True(File.ReadAllBytes(Path.Combine(expected, folder, file)).AsSpan()
                    .SequenceEqual(File.ReadAllBytes(Path.Combine(actual, folder, file))), $"{folder}/{file} differs");
        }
    }

    private static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)]
            ;
}
