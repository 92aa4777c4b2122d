namespace SafeRlhfV.Guard.Onnx;

/// <summary>
/// A model that sees images one by one. What it found in the last ones is remembered: while an answer streams, its prompt's images come again and again.
/// </summary>
internal abstract class ImageWiseScorer : OnnxScorer
{
    private readonly RecentResults<double[]> remembered = new();

    public sealed override double[]?[] Score(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken)
    {
        Dictionary<string, double[]> known = [];
        Dictionary<string, ModerationImage> fresh = [];
        string[][] keys = [.. requests.Select(request => request.Images.Select(RequestHash.Of).ToArray())];
        foreach ((string key, ModerationImage image) in keys.SelectMany(row => row).Zip(requests.SelectMany(request => request.Images)))
            if (remembered.Find(key) is { } found) known[key] = found;
            else fresh[key] = image;
        (string Key, RgbImage View)[] views = [.. fresh.SelectMany(pair => ImageViews.Of(pair.Value).Select(view => (pair.Key, view)))];
        double[][] scores = ScoreImages([.. views.Select(view => view.View)], cancellationToken);
        for (int i = 0; i < views.Length; i++)
        {
            known.TryGetValue(views[i].Key, out double[]? before);
            known[views[i].Key] = Highest(before, scores[i]);
        }
        foreach (string key in fresh.Keys) remembered.Add(key, known[key]);
        return [.. keys.Select(row => row.Length == 0 ? null : row.Aggregate((double[]?)null, (before, key) => Highest(before, [.. known[key]])))];
    }

    /// <summary>The labels' probabilities for each image.</summary>
    protected abstract double[][] ScoreImages(IReadOnlyList<RgbImage> images, CancellationToken cancellationToken);
}
