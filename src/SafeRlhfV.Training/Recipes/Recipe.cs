namespace SafeRlhfV.Training;

/// <summary>All that a training run is told. Made by <see cref="RecipeReader"/>, which has checked it.</summary>
public abstract record Recipe
{
    /// <summary>What trains it.</summary>
    public TrainerDefinition Trainer => Trainers.Of(this);

    /// <summary>Where the run lies.</summary>
    public RunRecipe Run { get; init; } = new();

    /// <summary>The run's seed.</summary>
    public abstract long Seed { get; }

    /// <summary>The whole model that training starts from, with its type, device and adapter: what plans look at.</summary>
    public abstract ModelRecipe Base { get; }

    /// <summary>The folders of models that the recipe names, by its keys.</summary>
    public abstract IReadOnlyList<(string Key, string Folder)> ModelFolders { get; }

    /// <summary>The data sets that the recipe names, by its keys.</summary>
    public abstract IReadOnlyList<(string Key, DataRecipe Data)> DataSets { get; }

    /// <summary>Other files that decide the result, by the recipe's keys: a resumed run needs them as they were.</summary>
    public virtual IReadOnlyList<(string Key, string File)> ExtraFiles => [];

    /// <summary>The whole recipe as YAML, defaults written out: reading it gives the same recipe.</summary>
    public string ToYaml() => SettingsBinder.Write(this, skip: null);

    /// <summary>The recipe without the place of the run: what decides the result, and what a checkpoint keeps.</summary>
    public string ToYamlWithoutRun() => SettingsBinder.Write(this, skip: nameof(Run));

    /// <summary>The recipe with the results of runs in place of the runs' folders that it names.</summary>
    /// <exception cref="InvalidInputException">A run is not finished.</exception>
    public abstract Recipe WithResults();

    /// <summary>The options of the run.</summary>
    /// <param name="resume">Whether a run that the folder holds is resumed.</param>
    public virtual RunOptions ToRunOptions(bool resume) => new()
    {
        Folder = Run.Folder,
        SaveEvery = Run.SaveEvery,
        KeepLast = Run.KeepLast,
        BestMetric = Run.BestMetric,
        BestWindow = Run.BestWindow,
        BestIsLowest = Run.BestIsLowest ?? Trainer.Metrics.FirstOrDefault(metric => metric.Name == Run.BestMetric)?.Better != Better.Higher,
        SkipDamaged = Run.SkipDamaged,
        EncodeAhead = Run.EncodeAhead,
        Resume = resume,
        Seed = Seed,
        RecipeYaml = ToYamlWithoutRun(),
        // the content of a file that decides the result is compared by itself, so that it may lie elsewhere
        RecipePlaces = [.. SettingsBinder.Places(GetType()), .. ExtraFiles.Select(file => file.Key)],
    };
}
