using System.Diagnostics;

namespace SafeRlhfV.Bench;

/// <summary>Runs this program once more: peak memory is a figure of a whole process.</summary>
internal static class ProcessApart
{
    public static Process Start(IEnumerable<string> arguments, bool readsOutput = false)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = readsOutput };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (string word in arguments) start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }
}
