using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Makes BeaverTails-V pairs of a folder of images: a model asks questions by category and severity, several models answer, a judge rates.
/// All calls go through a journal, so a run that was stopped anywhere goes on where it was, and the same run again costs nothing.
/// </summary>
public static class DatasetMaker
{
    // the rubric, a question and two answers of usual length
    private const int SampledImages = 100, JudgeTextTokens = 1_200;

    /// <summary>What a run would ask for.</summary>
    /// <param name="settings">Who asks, answers and judges.</param>
    /// <param name="images">The folder of images.</param>
    /// <param name="limit">The most images, categories and severities to work on; null for all.</param>
    /// <param name="tokensPerSecond">What one GPU does in a second, tokens asked and answered together.</param>
    /// <exception cref="InvalidInputException">There is no image.</exception>
    public static MakingPlan Plan(MakingSettings settings, string images, int? limit = null, double tokensPerSecond = 10_000)
    {
        IReadOnlyList<SourceImage> found = SourceImage.Find(images);
        int units = Units(settings, found, []).Take(limit ?? int.MaxValue).Count();
        long questions = (long)units * settings.QuestionsPerImage, pairs = questions * settings.PairsPerQuestion;
        long judgeCalls = pairs * settings.Judging.CallsPerPair;
        double perImage = found.Take(SampledImages).Average(image => (double)JudgeTokens.OfImage(File.ReadAllBytes(image.File)));
        long tokens = (long)(judgeCalls * (perImage + JudgeTextTokens + JudgeTokens.Reply));
        return new(found.Count, units, units, Math.Min(pairs * 2, questions * settings.Answerers.Count), judgeCalls, tokens,
            JudgeTokens.GpuDays(tokens, tokensPerSecond), tokensPerSecond);
    }

    /// <summary>Makes the data set.</summary>
    /// <param name="settings">Who asks, answers and judges.</param>
    /// <param name="images">The folder of images; sub-folders with a category's name give their images that category.</param>
    /// <param name="working">The folder of the journal and the audit.</param>
    /// <param name="target">The data set to write.</param>
    /// <param name="split">The split that the pairs go to.</param>
    /// <param name="overwrite">Replace the target if it exists.</param>
    /// <param name="limit">The most images, categories and severities to work on; null for all.</param>
    /// <param name="onProgress">Told how far the work is.</param>
    /// <param name="clock">The time; null for the system's.</param>
    /// <param name="cancellationToken">Stops asking; calls under way are finished and kept.</param>
    /// <exception cref="InvalidInputException">A folder cannot be used.</exception>
    /// <exception cref="ServiceException">A service cannot be reached or refuses all calls.</exception>
    public static async Task<MakingReport> RunAsync(MakingSettings settings, string images, string working, string target, string split = "train",
        bool overwrite = false, int? limit = null,
        Action<MakingProgress>? onProgress = null, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        AtomicFolder.Check(target, overwrite, images); // before any call is paid for
        BeaverTailsWriter.CheckSplit(target, split);
        IReadOnlyList<SourceImage> found = SourceImage.Find(images);
        List<string> leftOut = [];
        MakingUnit[] units = [.. Units(settings, Sound(found, leftOut), leftOut).Take(limit ?? int.MaxValue)];
        if (units.Length == 0)
            throw new InvalidInputException($"{images}: no image can be used; put images into folders named by category, or name categories in the settings.");
        using EndpointPool endpoints = new(settings.Endpoints, clock);
        using ModelCaller caller = new(endpoints, settings.Judging.Budget, working, clock);
        MakingCounts counts = new();
        UnitMaker maker = new(settings, caller, counts);
        int done = 0;
        UnitResult[] all = await ShardedJob.EachAsync(units, endpoints.Parallel, unit => maker.MakeAsync(unit, cancellationToken),
            () => onProgress?.Invoke(new(Interlocked.Increment(ref done), units.Length, caller.AnsweredNow, caller.Spent)), cancellationToken)
            .ConfigureAwait(false);
        MadePair[] made = [.. all.SelectMany(result => result.Pairs)];
        ContestedPair[] contested = [.. all.SelectMany(result => result.Contested)];
        AtomicFile.Write(Path.Combine(working, "contested.jsonl"), ContestedPair.Lines(contested, images));
        MakingReport report = new(new(MakingWork.CountsOf(all, counts, caller), [], caller.IsSpent), [.. all.SelectMany(result => result.Records)],
            made.Length == 0 ? null : Path.GetFullPath(target))
        {
            Images = found.Count,
            ImagesLeftOut = leftOut,
        };
        if (made.Length > 0) Write(settings, target, split, overwrite, made, report);
        return report;
    }

    /// <summary>Makes the data set as one of several workers that share the job through a queue, until the job is done.</summary>
    /// <param name="settings">Who asks, answers and judges.</param>
    /// <param name="images">The folder of images; all workers see the same one.</param>
    /// <param name="working">The folder of journals and finished shards; all workers of a job share it.</param>
    /// <param name="target">The data set to write.</param>
    /// <param name="options">The queue and this worker's place in it.</param>
    /// <param name="split">The split that the pairs go to.</param>
    /// <param name="overwrite">Replace the target if it exists.</param>
    /// <param name="limit">The most images, categories and severities to work on; null for all.</param>
    /// <param name="onProgress">Told how far the job is.</param>
    /// <param name="clock">The time; null for the system's.</param>
    /// <param name="cancellationToken">Stops asking; calls under way are finished and kept.</param>
    /// <exception cref="InvalidInputException">A folder cannot be used, or the job is another one.</exception>
    /// <exception cref="ServiceException">A service or the queue cannot be reached or refuses all calls.</exception>
    public static Task<MakingReport> ShareAsync(MakingSettings settings, string images, string working, string target, WorkerOptions options,
        string split = "train", bool overwrite = false, int? limit = null, Action<MakingProgress>? onProgress = null, TimeProvider? clock = null,
        CancellationToken cancellationToken = default)
    {
        BeaverTailsWriter.CheckSplit(target, split);
        return ShardedJob.RunAsync(() => MakingWork.Open(settings, images, working, split, options.ShardPairs, limit), images, working, target, options,
            overwrite, onProgress, clock, cancellationToken);
    }

    private static void Write(MakingSettings settings, string target, string split, bool overwrite, MadePair[] made, MakingReport report)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(target, RowLayout.Paired, MakingWork.CardOf(settings) with { Overwrite = overwrite });
        foreach (MadePair one in made) writer.Add(split, one.WithImage());
        writer.Attach(AnnotationFile.Name, AnnotationFile.Write(made.SelectMany(one => one.Judgements)));
        writer.Attach("making.json", JobReportJson.Write(report with { Folder = null }));
        writer.Complete();
    }

    /// <summary>The images that can be decoded, each once.</summary>
    internal static IEnumerable<SourceImage> Sound(IEnumerable<SourceImage> found, List<string> leftOut)
    {
        Dictionary<string, string> seen = [];
        foreach (SourceImage picture in found)
        {
            if (picture.Read() is not { } image)
            {
                leftOut.Add($"{picture.Path}: cannot be decoded");
                continue;
            }
            string hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(image.Bytes!));
            if (seen.TryAdd($"{picture.Category}/{hash}", picture.Path)) yield return picture;
            else leftOut.Add($"{picture.Path}: the same file as {seen[$"{picture.Category}/{hash}"]}");
        }
    }

    internal static IEnumerable<MakingUnit> Units(MakingSettings settings, IEnumerable<SourceImage> images, List<string> leftOut)
    {
        foreach (SourceImage image in images)
        {
            IReadOnlyList<string> categories = image.Category is { } category ? [category] : settings.Categories;
            if (categories.Count == 0) leftOut.Add($"{image.Path}: lies in no category's folder, and the settings name no categories");
            foreach (string asked in categories)
                foreach (int severity in settings.Severities) yield return new(image, asked, severity);
        }
    }
}
