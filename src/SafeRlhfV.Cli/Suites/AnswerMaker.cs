using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>Has a model answer benchmarks: answers are on the disk as they come, and none is made twice.</summary>
/// <param name="settings">How.</param>
internal abstract class AnswerMaker(AnswerSettings settings) : IDisposable
{
    /// <summary>How.</summary>
    protected AnswerSettings Settings => settings;

    /// <summary>Who answers, for results.</summary>
    public abstract string Model { get; }

    /// <summary>All that decides an answer beside the question.</summary>
    protected abstract IEnumerable<(string Name, object? Value)> Identity();

    /// <summary>How many answers to draw of an item.</summary>
    protected abstract int SamplesOf(IBenchmark benchmark);

    /// <summary>Answers items: as many answers each as asked for, in order.</summary>
    protected abstract Task<IReadOnlyList<ModelAnswer>> AnswerAsync(IReadOnlyList<BenchmarkItem> items, int samples, CancellationToken cancellationToken);

    /// <summary>What is to be said of the answers made since it was last asked; null = nothing.</summary>
    protected virtual string? Remark() => null;

    /// <summary>Answers a benchmark, after what an earlier process answered under the same settings.</summary>
    /// <exception cref="InvalidInputException">The result holds answers of other settings, or the benchmark's files cannot be read.</exception>
    public async Task AnswerAsync(Suite suite, CancellationToken cancellationToken)
    {
        int samples = SamplesOf(suite.Benchmark);
        string run = Output.JsonLine(((IEnumerable<(string Name, object? Value)>)
        [
            ("suite", suite.Benchmark.Name), ("data", Path.GetFullPath(suite.Data)), ("subset", suite.Subset), ("limit", suite.Limit),
            ("shard", suite.Shard.Suffix), ("system", Settings.System), .. Identity(), ("samples", samples), .. Asked(suite),
        ]).ToDictionary(setting => setting.Name, setting => setting.Value));
        string file = suite.AnswerFile;
        if (!settings.Overwrite && ResumableLines.IsWhole(file, run))
        {
            Output.Note($"{file}: is whole already; nothing was generated.");
            return;
        }
        Directory.CreateDirectory(suite.Folder);
        using ResumableLines lines = new(file, run, samples, resume: !settings.Overwrite, settings.Overwrite);
        int known = lines.Lines.Count / samples, done = known, errors = 0, total = suite.Count();
        if (known > 0) Output.Note($"{file}: resumes after {DataArguments.Count(known, "item")}.");
        ProgressView progress = new($"answers {suite.Benchmark.Name}");
        BenchmarkFiles files = suite.Open();
        using IEnumerator<BenchmarkItem> items = suite.Read(files).GetEnumerator();
        for (int i = 0; i < known; i++)
        {
            ModelAnswer? before = AnswerSet.Parse(lines.Lines[i * samples]);
            if (!items.MoveNext() || before?.Item != items.Current.Id || before.Question != items.Current.QuestionText)
                throw new InvalidInputException($"{lines.Partial}: holds an answer to another question than item {i} asks; the benchmark's files changed. "
                    + "Begin anew with --overwrite.");
        }
        try
        {
            while (Next(items, settings.AtOnce) is { Count: > 0 } batch)
            {
                IReadOnlyList<ModelAnswer> answers = await AnswerAsync(batch, samples, cancellationToken);
                lines.Write([.. answers.Select(Output.JsonLine)]);
                errors += answers.Count(answer => answer.Error is not null);
                done += batch.Count;
                progress.Report(done, Math.Max(done, total));
            }
        }
        catch (OperationCanceledException stop) when (lines.Written > 0)
        {
            throw new StoppedException(
                $"stopped; {DataArguments.Count(lines.Written / samples, "item")} written to {lines.Partial}. The same command continues after them.", stop);
        }
        if (done == 0) throw Nothing(suite, files);
        lines.Commit();
        progress.Done($"{DataArguments.Count(done - known, "item")} answered{(errors > 0 ? $", {DataArguments.Count(errors, "answer")} failed" : "")}");
        if (Remark() is { } remark) Output.Note(remark);
        if (files.Dropped.Count > 0) Output.Note(Dropped(files));
    }

    /// <summary>What a benchmark's files do not hold whole, in one line.</summary>
    public static string Dropped(BenchmarkFiles files) =>
        $"{files.Benchmark}: {DataArguments.Count(files.Dropped.Count, "item")} left out ({string.Join(", ", files.Dropped.GroupBy(drop => drop.Reason)
            .Select(group => $"{group.Key} {group.Count()}"))}), the first in {files.Dropped[0].File}, row {files.Dropped[0].Row}"
        + (files.Dropped.Any(drop => drop.Reason is DropReason.ImageOutside or DropReason.ImageMissing)
            ? "; name the folder that images' paths are relative to with --images FOLDER" : "");

    /// <summary>The error of a benchmark without an item.</summary>
    public static InvalidInputException Nothing(Suite suite, BenchmarkFiles files) => new(files.Dropped.Count > 0
        ? $"{suite.Data}: no item is whole: {Dropped(files)}."
        : $"{suite.Data}: holds no item of {suite.Benchmark.Name} in the splits that are wanted; it needs {suite.Benchmark.Files}.");

    /// <inheritdoc/>
    public abstract void Dispose();

    // what else decides which items there are and what they show, where it was asked for
    private static IEnumerable<(string Name, object? Value)> Asked(Suite suite)
    {
        if (suite.Splits is not null) yield return ("splits", suite.Splits);
        if (suite.Images is not null) yield return ("images", Path.GetFullPath(suite.Images));
    }

    private static List<BenchmarkItem> Next(IEnumerator<BenchmarkItem> items, int most)
    {
        List<BenchmarkItem> batch = [];
        while (batch.Count < most && items.MoveNext()) batch.Add(items.Current);
        return batch;
    }
}
