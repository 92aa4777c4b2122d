using System.Text.Encodings.Web;
using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Makes BeaverTails-V pairs of a folder of images: a model asks questions by category and severity, several models answer, a judge rates.
/// All calls go through a journal, so a run that was stopped anywhere goes on where it was, and the same run again costs nothing.
/// </summary>
public static class DatasetMaker
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What a run would ask for.</summary>
    /// <exception cref="InvalidInputException">There is no image.</exception>
    public static MakingPlan Plan(MakingSettings settings, string images, int? limit = null)
    {
        IReadOnlyList<SourceImage> found = SourceImage.Find(images);
        int units = Units(settings, found, []).Take(limit ?? int.MaxValue).Count();
        long questions = (long)units * settings.QuestionsPerImage, pairs = questions * settings.PairsPerQuestion;
        return new(found.Count, units, units, Math.Min(pairs * 2, questions * settings.Answerers.Count), pairs * settings.Repeats * (settings.Swap ? 2 : 1));
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
    /// <param name="cancel">Stops asking; calls under way are finished and kept.</param>
    /// <exception cref="InvalidInputException">A folder cannot be used.</exception>
    /// <exception cref="SafeRlhfV.Guard.ServiceException">A service cannot be reached or refuses all calls.</exception>
    public static async Task<MakingReport> RunAsync(MakingSettings settings, string images, string working, string target, string split = "train",
        bool overwrite = false, int? limit = null,
        Action<MakingProgress>? onProgress = null, TimeProvider? clock = null, CancellationToken cancel = default)
    {
        AtomicFolder.Check(target, overwrite, images); // before any call is paid for
        BeaverTailsWriter.CheckSplit(target, split);
        IReadOnlyList<SourceImage> found = SourceImage.Find(images);
        List<string> leftOut = [];
        MakingUnit[] units = [.. Units(settings, Sound(found, leftOut), leftOut).Take(limit ?? int.MaxValue)];
        if (units.Length == 0)
            throw new InvalidInputException($"{images}: no image can be used; put images into folders named by category, or name categories in the settings.");
        using ModelCaller caller = new(settings, working, clock);
        MakingCounts counts = new();
        UnitMaker maker = new(settings, caller, counts);
        UnitResult?[] results = new UnitResult?[units.Length];
        int done = 0;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = settings.Endpoints.Sum(endpoint => endpoint.Concurrency) + 2, CancellationToken = cancel };
        await Parallel.ForAsync(0, units.Length, parallel, async (i, _) =>
        {
            results[i] = await maker.MakeAsync(units[i], cancel).ConfigureAwait(false);
            onProgress?.Invoke(new(Interlocked.Increment(ref done), units.Length, caller.AnsweredNow, caller.Spent));
        }).ConfigureAwait(false);

        UnitResult[] all = [.. results.OfType<UnitResult>()];
        MadePair[] made = [.. all.SelectMany(result => result.Pairs)];
        ContestedPair[] contested = [.. all.SelectMany(result => result.Contested)];
        AtomicFile.Write(Path.Combine(working, "contested.jsonl"),
            string.Concat(contested.Select(pair =>
                JsonSerializer.Serialize(pair with { Image = Path.GetFullPath(Path.Combine(images, pair.Image)) }, Json) + "\n")));
        MakingReport report = new()
        {
            Images = found.Count,
            ImagesLeftOut = leftOut,
            Questions = all.Sum(result => result.Questions),
            Unfit = all.Count(result => result.IsUnfit),
            Pairs = made.Length,
            Contested = contested.Length,
            AnswersLeftOut = counts.Of(counts.AnswersLeftOut),
            ParseFailures = counts.Of(counts.ParseFailures),
            Failures = counts.Of(counts.Failures),
            Judgements = all.SelectMany(result => result.Judgements).Sum(judgements => judgements.Readable.Count),
            OrderDependentHelpful = JudgeOrder.Dependent(all, verdict => verdict.MoreHelpful),
            OrderDependentSafe = JudgeOrder.Dependent(all, verdict => verdict.Safer),
            FirstPreferredHelpful = JudgeOrder.First(all, verdict => verdict.MoreHelpful),
            FirstPreferredSafe = JudgeOrder.First(all, verdict => verdict.Safer),
            Agreement = AnnotationAgreement.Describe([.. all.SelectMany(result => result.Records)]),
            Tally = caller.Tallies,
            Cost = caller.Spent,
            BudgetSpent = caller.IsSpent,
            Folder = made.Length == 0 ? null : Path.GetFullPath(target),
        };
        if (made.Length > 0) Write(settings, target, split, overwrite, made, report);
        return report;
    }

    private static void Write(MakingSettings settings, string target, string split, bool overwrite, MadePair[] made, MakingReport report)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(target, RowLayout.Paired, new BeaverTailsWriterOptions
        {
            Name = "Pairs made by models",
            Description = $"Pairs in the layout of BeaverTails-V (arXiv 2503.17682), made by models: questions by {settings.Asker.Name}, answers by "
                + $"{string.Join(", ", settings.Answerers.Select(model => model.Name))}, " +
                $"labels by {settings.Judge.Name} ({settings.Repeats} judgement{(settings.Repeats == 1 ? "" : "s")} a "
                    + $"pair{(settings.Swap ? " in each order" : "")}, at least {settings.Agreement:P0} of which agree on both preferences). " +
                $"`image_severity` is the severity that the question was asked for. `{AnnotationFile.Name}` holds the single judgements, `making.json` the "
                    + "figures.",
            Overwrite = overwrite,
        });
        foreach (MadePair one in made)
        {
            EncodedImage image = one.Image.Read()
                ?? throw new InvalidInputException($"{one.Image.File}: the image was changed while the pairs were made; put it back and run again.");
            writer.Add(split, one.Pair with { Image = image });
        }
        writer.Attach(AnnotationFile.Name, AnnotationFile.Write(made.SelectMany(one => one.Judgements)));
        writer.Attach("making.json", MakingReportJson.Write(report) + "\n");
        writer.Complete();
    }

    /// <summary>The images that can be decoded, each once.</summary>
    private static IEnumerable<SourceImage> Sound(IEnumerable<SourceImage> found, List<string> leftOut)
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

    private static IEnumerable<MakingUnit> Units(MakingSettings settings, IEnumerable<SourceImage> images, List<string> leftOut)
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
