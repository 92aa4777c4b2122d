namespace SafeRlhfV.Cli;

/// <summary>Where <c>align</c> keeps what it makes. Each training run has the folder of its stage.</summary>
/// <param name="root">The output folder.</param>
internal sealed class AlignFolders(string root)
{
    /// <summary>The names of the two models that are compared.</summary>
    public const string Start = "start", Aligned = "aligned";

    /// <summary>The output folder.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The data set in three splits.</summary>
    public string Data => At("data");

    /// <summary>Memory and time of each training run.</summary>
    public string Plan => At("plan.json");

    /// <summary>The folder of a training run.</summary>
    public string Run(string stage) => At(stage);

    /// <summary>What a check found.</summary>
    public string Check(string name) => At("checks", $"{name}.json");

    /// <summary>A model's answers to the held-out questions.</summary>
    public string Answers(string model) => At("answers", $"{model}.jsonl");

    /// <summary>The scores that a head gave to a model's answers.</summary>
    public string Scores(string model, string head) => At("scores", $"{model}-{head}.jsonl");

    /// <summary>What the judge said of each held-out question.</summary>
    public string JudgeResult => At("judge", "result");

    /// <summary>A model's result of benchmarks.</summary>
    public string BenchmarkResult(string model) => At("benchmarks", model);

    /// <summary>The report page, results.json and the model card.</summary>
    public string Report => At("report");

    /// <summary>A path below the output folder.</summary>
    public string At(params string[] parts) => Path.Combine([Root, .. parts]);
}
