namespace SafeRlhfV.Guard.Onnx;

/// <summary>
/// A classifier or detector of other people as a moderator: a folder with an ONNX file as Optimum or Transformers.js lay it out, and a labels.yaml that says
/// what its labels mean. Runs on the processor; may be used by several threads.
/// </summary>
/// <remarks>
/// A model of images judges all images of a request, one by one; a model of texts judges the answer where there is one, else the question, in overlapping
/// windows. The strictest counts. Where there is nothing for the model to see, it finds nothing.
/// </remarks>
public sealed class OnnxModerator : IModerator, IDisposable
{
    private readonly OnnxScorer scorer;
    private readonly LabelMap map;

    private OnnxModerator(OnnxScorer scorer, LabelMap map, string name) => (this.scorer, this.map, Name) = (scorer, map, name);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool SeesImages => scorer is not TextScorer;

    /// <summary>The model's labels, in its order.</summary>
    public IReadOnlyList<string> Labels => scorer.Labels;

    /// <summary>Opens a folder.</summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or the files do not fit each other.</exception>
    public static OnnxModerator Load(string folder, OnnxOptions? options = null)
    {
        options ??= new();
        string own = Path.Combine(folder, "labels.yaml");
        LabelFile? labels = options.Labels is { } path ? LabelFile.Load(path, options.OwnCategories)
            : File.Exists(own) ? LabelFile.Load(own, options.OwnCategories) : null;
        OnnxScorer scorer = OnnxScorer.Open(folder, options, labels);
        try
        {
            LabelMap map = (labels ?? LabelFile.Load(own, options.OwnCategories)).For(scorer.Labels); // without a file: its error
            return new(scorer, map, options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
        }
        catch
        {
            scorer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">An image or text cannot be judged, or the model gave no numbers.</exception>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
        Task.Run(() => Judge(scorer.Score(requests, cancellationToken)), cancellationToken);

    /// <summary>Frees the model.</summary>
    public void Dispose() => scorer.Dispose();

    private IReadOnlyList<Verdict> Judge(double[]?[] scores) => [.. scores.Select(found => found is null ? Verdict.Safe(Name) : map.Judge(found, Name))];
}
