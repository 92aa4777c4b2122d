namespace SafeRlhfV.Cli;

/// <summary>A stage of <c>align</c>: command lines of this program, or a check between them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What it does.</param>
/// <param name="After">The stages whose results it uses.</param>
internal sealed record AlignStage(string Name, string Title, params IReadOnlyList<string> After)
{
    /// <summary>What it runs, in order.</summary>
    public IReadOnlyList<AlignCommand> Commands { get; init; } = [];

    /// <summary>The training run that it is, to plan memory and time by; null = none.</summary>
    public AlignTraining? Training { get; init; }

    /// <summary>What it does in place of commands, or after them.</summary>
    public Func<CancellationToken, string>? Own { get; init; }

    /// <summary>What decides its result beside its commands: settings and digests.</summary>
    public string Inputs { get; init; } = "";

    /// <summary>Words of its commands that do not decide its result, such as the place of data whose digest is among the inputs.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>What it leaves.</summary>
    public IReadOnlyList<string> Makes { get; init; } = [];

    /// <summary>Whether it is done in every run.</summary>
    public bool IsAlwaysRun { get; init; }

    /// <summary>The stage as it is scheduled.</summary>
    public Stage ToStage() => new(Name, Title, After, Run)
    {
        Inputs = string.Join('\n', [Inputs, Training?.Recipe.ToYamlWithoutRun() ?? "",
            .. Training is null ? Commands.SelectMany(command => command.Words).Except(Places) : []]),
        Makes = Makes,
        IsAlwaysRun = IsAlwaysRun,
    };

    private string Run(StageWork work)
    {
        foreach (string made in Makes) Directory.CreateDirectory(Path.GetDirectoryName(made)!);
        foreach (AlignCommand command in Commands) TaskResult.Of(command.RunAsync(work.Resumes, work.CancellationToken));
        return Own?.Invoke(work.CancellationToken) ?? "";
    }
}
