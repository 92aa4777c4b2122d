using System.Text.Json;
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
        IReadOnlyList<HeadScores> heads = Heads();
        AlignResults results = new()
        {
            Method = options.Method,
            Model = ComparedModel.Shown(model),
            Data = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Data))),
            Gates = gates.All,
            Judges = [gates.ScoresOf(AlignStages.JudgeReward).Result, gates.ScoresOf(AlignStages.JudgeCost).Result],
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

    // rows that both models answered and both heads scored
    private IReadOnlyList<HeadScores> Heads()
    {
        Dictionary<string, double> Scores(string one, string head) => Lines(folders.Scores(one, head)).ToDictionary(
            line => line.GetProperty("row").GetString()!, line => line.GetProperty("scores")[0][0].GetDouble());
        Dictionary<string, (string Question, string Response)> Answers(string one) => Lines(folders.Answers(one)).ToDictionary(
            line => line.GetProperty("row").GetString()!,
            line => (line.GetProperty("question").GetString() ?? "", line.GetProperty("response").GetString() ?? ""));
        (var startAnswers, var alignedAnswers) = (Answers(AlignFolders.Start), Answers(AlignFolders.Aligned));
        (var startReward, var startCost) = (Scores(AlignFolders.Start, AlignStages.JudgeReward), Scores(AlignFolders.Start, AlignStages.JudgeCost));
        (var reward, var cost) = (Scores(AlignFolders.Aligned, AlignStages.JudgeReward), Scores(AlignFolders.Aligned, AlignStages.JudgeCost));
        return [.. startReward.Keys.Where(row => startCost.ContainsKey(row) && reward.ContainsKey(row) && cost.ContainsKey(row)).Select(row => new HeadScores(
            row, startAnswers[row].Question, startAnswers[row].Response, alignedAnswers[row].Response, startReward[row], reward[row], startCost[row],
            cost[row]))];
    }

    private static IEnumerable<JsonElement> Lines(string file)
    {
        foreach (string line in File.ReadLines(file).Where(line => line.Length > 0))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            yield return document.RootElement.Clone();
        }
    }
}
