namespace SafeRlhfV.Demo;

/// <summary>Where a demo run keeps what it makes.</summary>
/// <param name="root">The output folder.</param>
public sealed class DemoFolders(string root)
{
    /// <summary>The output folder.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The report.</summary>
    public string Report => Path.Combine(Root, "report.html");

    /// <summary>The figures.</summary>
    public string Results => Path.Combine(Root, "results.json");

    /// <summary>A data set, such as "pairs".</summary>
    public string Data(string name) => Path.Combine(Root, "data", name);

    /// <summary>A finished checkpoint, such as "reward".</summary>
    public string Model(string name) => Path.Combine(Root, "models", name);

    /// <summary>A training run's metrics and checkpoints.</summary>
    public string Run(string name) => Path.Combine(Root, "runs", name);

    /// <summary>What judging found, such as "methods".</summary>
    public string Judged(string name) => Path.Combine(Root, "judged", name + ".json");
}
