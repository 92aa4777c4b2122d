namespace SafeRlhfV.Demo;

/// <summary>One stage of the demo. It reads what earlier stages left on the disk and leaves its own there.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">What it does.</param>
/// <param name="After">The stages whose output it reads.</param>
/// <param name="Run">Does it, and gives a few figures in words.</param>
internal sealed record DemoStage(string Name, string Title, IReadOnlyList<string> After, Func<DemoContext, string> Run)
{
    /// <summary>The stage as it is run in a folder under some settings.</summary>
    public Stage In(DemoSettings settings, DemoFolders folders) => new(Name, Title, After, work =>
    {
        using DemoContext context = new(settings, folders, work.Report, work.CancellationToken);
        return Run(context);
    });
}
