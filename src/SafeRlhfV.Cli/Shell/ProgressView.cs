using System.Diagnostics;
using System.Globalization;

namespace SafeRlhfV.Cli;

/// <summary>
/// The progress of long work on stderr: one live line on a terminal, else a plain line now and then. Shows stage, share, time left and figures.
/// </summary>
internal sealed class ProgressView(string stage)
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(100), PlainInterval = TimeSpan.FromSeconds(10);
    private readonly bool live = !Console.IsErrorRedirected;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private TimeSpan shown = TimeSpan.Zero;
    private double startedAt = double.NaN;

    /// <summary>Reports that <paramref name="done"/> of <paramref name="total"/> steps are done, with a few figures in words.</summary>
    public void Report(int done, int total, string figures = "")
    {
        double share = total == 0 ? 1 : (double)done / total;
        if (double.IsNaN(startedAt)) startedAt = done > 0 ? share - 1.0 / total : 0;
        TimeSpan now = clock.Elapsed;
        if (now - shown < (live ? LiveInterval : PlainInterval) && done < total) return;
        shown = now;
        string left = share > startedAt ? Span(now * ((1 - share) / (share - startedAt))) : "?";
        string line = string.Create(CultureInfo.InvariantCulture, $"{stage,-24} {share,4:P0}  {Span(now)} elapsed, {left} remaining  {figures}");
        if (live || done < total) Show(line);
    }

    /// <summary>Reports how far it is, where nobody knows how far it goes.</summary>
    public void Report(string figures)
    {
        TimeSpan now = clock.Elapsed;
        if (now - shown < (live ? LiveInterval : PlainInterval)) return;
        shown = now;
        Show($"{stage,-24} {figures}  {Span(now)} elapsed");
    }

    /// <summary>Puts a plain line that stays above the live one.</summary>
    public void Interrupt(string text)
    {
        string line = $"{stage,-24} {text}";
        Console.Error.WriteLine(live ? $"\r{line.PadRight(Math.Max(20, Console.WindowWidth - 1))}" : line);
        shown = TimeSpan.Zero;
    }

    /// <summary>Ends the stage with a plain line that stays.</summary>
    public void Done(string figures)
    {
        string line = $"{stage,-24} done  {Span(clock.Elapsed)}  {figures}";
        Console.Error.WriteLine(live ? $"\r{line.PadRight(Math.Max(20, Console.WindowWidth - 1))}" : line);
    }

    private void Show(string line)
    {
        int width = live ? Math.Max(20, Console.WindowWidth - 1) : 0;
        if (live) Console.Error.Write($"\r{(line.Length > width ? line[..width] : line.PadRight(width))}");
        else Console.Error.WriteLine(line);
    }

    private static string Span(TimeSpan time) => time.TotalHours >= 1
        ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}"
        : $"{time.Minutes}:{time.Seconds:00}";
}
