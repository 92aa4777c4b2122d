using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>Puts together what the stages of <c>align</c> measured: a page, results.json and a model card.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="gates">The gates.</param>
/// <param name="model">The model's folder that all began with.</param>
internal sealed class AlignReporting(AlignOptions options, AlignGates gates, string model)
{
    private readonly AlignFolders folders = options.Folders;

    /// <summary>Writes the folder of the report.</summary>
    /// <returns>The main figures in words.</returns>
    public string Write()
    {
        string[] models = [AlignFolders.Start, AlignFolders.Aligned];
        ComparedResult[] benched = [.. models.Where(name => options.Benchmarks.Count > 0).Select(name =>
            ComparedResult.Read(name, folders.BenchmarkResult(name)))];
        JudgeResult[] judged = options.Judge.Count > 0 ? [JudgeResult.Read(folders.JudgeResult)] : [];
        AlignedRun run = new(folders);
        IReadOnlyList<HeadScores> heads = run.Heads();
        AlignResults results = new()
        {
            Method = options.Method,
            Model = ComparedModel.Shown(model),
            Data = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Data))),
            Gates = gates.All,
            Judges = run.Judges(),
            Heads = HeadFigure.Of(heads),
            Compared = Comparison.Of(benched, [HeadScores.Judge(AlignFolders.Aligned, AlignFolders.Start, heads), .. judged], people: null, gallery: 24),
        };
        ModelCard card = RunCard.Read(folders.Run(AlignStages.Policy), Path.GetFileName(folders.Root), results.Model);
        string? license = CardText.LicenseOf(model);
        card = card with
        {
            License = license,
            BaseLicense = license,
            Data = [.. card.Data.Select(data => data with { Name = results.Data, License = CardText.LicenseOf(options.Data) })],
            Measured = results.Compared,
            MeasuredAs = AlignFolders.Aligned,
            OtherFigures = AlignReport.Tables(results, "###"),
        };
        AtomicFolder.Write(folders.Report, overwrite: true, place =>
        {
            AlignReport.Write(Path.Combine(place, EvalCompareVerb.PageName), results, ComparedImages.Read(results.Compared.Gallery, benched));
            File.WriteAllText(Path.Combine(place, EvalCompareVerb.ResultsName), ComparisonFile.Write(results));
            File.WriteAllText(Path.Combine(place, CardText.FileName), card.Write());
        });
        return $"{string.Join("; ", results.Heads.Select(figure => figure.ToString()))}; {Path.Combine(folders.Report, EvalCompareVerb.PageName)}";
    }
}
