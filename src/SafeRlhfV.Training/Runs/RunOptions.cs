namespace SafeRlhfV.Training;

/// <summary>How a run is kept.</summary>
public sealed record RunOptions
{
    /// <summary>The run's folder; null: nothing is written, for tests and trials.</summary>
    public string? Folder { get; init; }

    /// <summary>Steps between checkpoints; 0: only at the end.</summary>
    public int SaveEvery { get; init; }

    /// <summary>How many of the newest checkpoints are kept (at least one).</summary>
    public int KeepLast { get; init; } = 2;

    /// <summary>The metric by which one more checkpoint, the best, is kept; null: none.</summary>
    public string? BestMetric { get; init; }

    /// <summary>Steps whose mean of <see cref="BestMetric"/> is compared: those up to the checkpoint. One batch alone says little.</summary>
    public int BestWindow { get; init; } = 100;

    /// <summary>Whether a lower value of <see cref="BestMetric"/> is better.</summary>
    public bool BestIsLowest { get; init; } = true;

    /// <summary>Whether an unfinished run in the folder is resumed; if not, such a folder is an error.</summary>
    public bool Resume { get; init; } = true;

    /// <summary>Whether the newest sound checkpoint is taken where a newer one is damaged; if not, the damage is an error that offers it.</summary>
    public bool SkipDamaged { get; init; }

    /// <summary>Whether the next batch is encoded beside the step; null: where the model is on a GPU. The samples are the same.</summary>
    public bool? EncodeAhead { get; init; }

    /// <summary>The ranks that train together; each opens the run, and rank 0 alone writes.</summary>
    public Ranks Ranks { get; init; } = Ranks.Alone;

    /// <summary>The run's seed: <see cref="TrainingRun.Random"/> derives all randomness from it.</summary>
    public long Seed { get; init; }

    /// <summary>The effective recipe, saved beside every checkpoint; a run can only be resumed with the same recipe, but for places.</summary>
    public string? RecipeYaml { get; init; }

    /// <summary>Keys of the recipe that only say where something is, such as data.folder: a run goes on where they have changed.</summary>
    public IReadOnlyList<string> RecipePlaces { get; init; } = [];

    /// <summary>Whether the result is a candidate, which the caller releases when its certificate holds: it is not put in the result's folder.</summary>
    public bool IsCandidate { get; init; }

    /// <summary>Where the result is put; null = the folder "result" in the run's (or "candidate").</summary>
    public string? Result { get; init; }

    /// <summary>What the metric window_cost must keep, for the alarm; null = the metric budget.</summary>
    public double? CostLimit { get; init; }

    /// <summary>When a rising reward beside a falling judge is an alarm; null = nobody judges.</summary>
    public JudgeSettings? Judge { get; init; }

    /// <summary>What the budget is tightened by, from recent costs; null = nothing.</summary>
    public Func<IReadOnlyCollection<double>, double>? Margin { get; init; }

    /// <summary>Whether a metric that is no number, or an infinite loss or gradient, ends the run; the last good checkpoint stands.</summary>
    public bool StopAtNonFinite { get; init; } = true;
}
