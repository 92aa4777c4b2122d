namespace SafeRlhfV.Evaluation;

/// <summary>The images of a gallery, read again from the benchmarks' files. What is no longer there is left out.</summary>
public static class ComparedImages
{
    /// <summary>The images' addresses within a page, by SHA-256.</summary>
    /// <param name="gallery">The items.</param>
    /// <param name="results">The results, which know where the files were.</param>
    public static IReadOnlyDictionary<string, string> Read(IReadOnlyList<DifferingItem> gallery, IReadOnlyList<ComparedResult> results)
    {
        Dictionary<string, string> found = [];
        foreach (IGrouping<string, DifferingItem> items in gallery.GroupBy(item => item.Benchmark))
        {
            ComparedSuite suite = results.SelectMany(result => result.Benchmarks).First(one => one.Name == items.Key);
            Dictionary<string, IReadOnlyList<string>> wanted = items.Where(item => item.Images.Count > 0).ToDictionary(item => item.Id, item => item.Images);
            try
            {
                foreach (BenchmarkItem item in wanted.Count == 0 ? [] : suite.Benchmark.Read(new BenchmarkFiles(suite.Benchmark, suite.Data, suite.Images),
                    suite.Subset))
                {
                    if (!wanted.TryGetValue(item.Id, out IReadOnlyList<string>? images)) continue;
                    if (!ResultItems.Digests(item.ShownImages).SequenceEqual(images)) continue;
                    foreach ((string digest, EncodedImage image) in images.Zip(item.ShownImages))
                        if (image.Bytes is { } bytes && PageImage.Address(bytes, ImageHeader.Read(bytes)) is { } address) found[digest] = address;
                    wanted.Remove(item.Id);
                    if (wanted.Count == 0) break;
                }
            }
            catch (InvalidInputException)
            {
                // the files were moved since: the page says so in the image's place
            }
        }
        return found;
    }
}
