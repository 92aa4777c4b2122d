using TorchSharp;

namespace SafeRlhfV.Demo;

/// <summary>One stage of the demo. It reads what earlier stages left on the disk and leaves its own there.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">What it does.</param>
/// <param name="After">The stages whose output it reads.</param>
/// <param name="Run">Does it, and gives a few figures in words.</param>
internal sealed record DemoStage(string Name, string Title, IReadOnlyList<string> After, Func<DemoContext, string> Run)
{
    /// <summary>
    /// All others wait for it or are done, so that it may use all cores; only for work whose numbers have the same bits on any number of threads.
    /// </summary>
    public bool IsAlone { get; init; }

    /// <summary>The stage as it is run in a folder under some settings.</summary>
    /// <param name="settings">Sizes and settings.</param>
    /// <param name="folders">Where it reads and writes.</param>
    /// <param name="cores">How many cores the run may use.</param>
    public Stage In(DemoSettings settings, DemoFolders folders, int cores) => new(Name, Title, After, work =>
    {
        // of this thread alone
        torch.set_num_threads(IsAlone ? cores : 1);
        using DemoContext context = new(settings, folders, work.Report, work.CancellationToken);
        return Run(context);
    });
}
