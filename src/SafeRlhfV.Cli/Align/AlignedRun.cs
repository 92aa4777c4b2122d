using System.Text.Json;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>What a finished run of <c>align</c> measured, as comparisons and cards take it.</summary>
/// <param name="folders">The run.</param>
internal sealed class AlignedRun(AlignFolders folders)
{
    /// <summary>The run in a folder, or of a report's folder; null where there is none that is finished.</summary>
    public static AlignedRun? In(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        foreach (string root in new[] { full, Path.GetDirectoryName(full) }.OfType<string>())
            if (new AlignFolders(root) is var folders && (root == full || folders.Report == full)
                && File.Exists(Path.Combine(folders.Report, EvalCompareVerb.ResultsName)) && Directory.Exists(folders.At("scores")))
                return new AlignedRun(folders);
        return null;
    }

    /// <summary>The run's name: its folder's.</summary>
    public string Name => Path.GetFileName(folders.Root);

    /// <summary>Benchmarks of start and aligned model, and win rates by the held-out heads and by the judge.</summary>
    /// <param name="name">What to call the aligned model; the start is called "NAME start".</param>
    /// <param name="wanted">Which benchmarks; null for all.</param>
    /// <exception cref="InvalidInputException">A file is missing or damaged.</exception>
    public (IReadOnlyList<ComparedResult> Benched, IReadOnlyList<JudgeResult> Judged) Results(string name, IReadOnlyCollection<string>? wanted)
    {
        string start = $"{name} {AlignFolders.Start}";
        ComparedResult[] benched = [.. new[] { (Model: AlignFolders.Start, Name: start), (Model: AlignFolders.Aligned, Name: name) }
            .Where(one => Directory.Exists(folders.BenchmarkResult(one.Model)))
            .Select(one => ComparedResult.Read(one.Name, folders.BenchmarkResult(one.Model), wanted))];
        // the heads of another run are other judges
        JudgeResult heads = HeadScores.Judge(name, start, Heads());
        heads = heads with
        {
            Identity = $"{heads.Judge} of {string.Join(" and ", ((string[])[AlignStages.JudgeReward, AlignStages.JudgeCost])
            .Select(judge => ModelArguments.FilesOf(ResultFolder.Find(folders.Run(judge)))))}"
        };
        return (benched, [heads, .. JudgeResult.IsIn(folders.JudgeResult)
            ? [JudgeResult.Read(folders.JudgeResult) with { Candidate = name, Baseline = start }] : (JudgeResult[])[]]);
    }

    /// <summary>What the held-out heads say of the answers: rows that both models answered and both heads scored.</summary>
    public IReadOnlyList<HeadScores> Heads()
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

    /// <summary>The held-out heads themselves, on the test split's pairs.</summary>
    public IReadOnlyList<ScoreModelResult> Judges() => [Scores(AlignStages.JudgeReward).Result, Scores(AlignStages.JudgeCost).Result];

    /// <summary>What <c>eval preference</c> found of a score model.</summary>
    public (ScoreModelResult Result, PreferenceCalibration Calibration) Scores(string stage)
    {
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(folders.Check(stage)));
        return (Output.Read<ScoreModelResult>(report.RootElement.GetProperty("results")[0]),
            Output.Read<PreferenceCalibration>(report.RootElement.GetProperty("calibrations")[0]));
    }

    private static IEnumerable<JsonElement> Lines(string file)
    {
        foreach (string line in DiskErrors.Reading(file, () => File.ReadAllLines(file)).Where(line => line.Length > 0))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            yield return document.RootElement.Clone();
        }
    }
}
