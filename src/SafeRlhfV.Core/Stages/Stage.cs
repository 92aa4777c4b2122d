namespace SafeRlhfV.Core;

/// <summary>One stage of long work. It reads what earlier stages left on the disk and leaves its own there.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">What it does.</param>
/// <param name="After">The stages that must be finished before it.</param>
/// <param name="Run">Does it, and gives a few figures in words.</param>
public sealed record Stage(string Name, string Title, IReadOnlyList<string> After, Func<StageWork, string> Run)
{
    /// <summary>What decides its result beside the stages before it: its settings, and digests of files that come from outside.</summary>
    public string Inputs { get; init; } = "";

    /// <summary>
    /// Files and folders that it leaves. Where one is missing the stage is not finished; before it is done anew from other inputs they are deleted.
    /// </summary>
    public IReadOnlyList<string> Makes { get; init; } = [];

    /// <summary>Whether it is done in every run, such as a check whose answer may not be taken from an earlier run.</summary>
    public bool IsAlwaysRun { get; init; }
}
