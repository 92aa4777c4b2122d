using System.ComponentModel;
using System.Diagnostics;

namespace SafeRlhfV.Guard.Ocr;

/// <summary>
/// Processes of Tesseract that wait with their data loaded: each reads one file from its standard input and ends. One that takes too long is killed.
/// </summary>
internal sealed class TesseractPool : IDisposable
{
    private readonly TesseractOptions options;
    private readonly SemaphoreSlim slots;
    private readonly Stack<Process> waiting = [];
    private bool isDisposed;

    public TesseractPool(TesseractOptions options)
    {
        (this.options, slots) = (options, new(options.Processes));
        Version = Ask("--version").Split('\n')[0].Trim().Replace(' ', '-');
        string[] known = [.. Ask("--list-langs").Split('\n').Skip(1).Select(line => line.Trim())];
        if (options.Languages.FirstOrDefault(language => !known.Contains(language)) is { } missing)
            throw new InvalidInputException($"{options.Command} has no data for the language '{missing}' "
                + $"(it has {string.Join(", ", known.Where(one => one != ""))}); on Debian: apt-get install tesseract-ocr-{missing}.");
        for (int i = 0; i < options.Processes; i++) waiting.Push(Start());
    }

    /// <summary>The program and its version, such as tesseract-5.3.0.</summary>
    public string Version { get; }

    /// <summary>The table of words that it reads in a file.</summary>
    /// <exception cref="TimeoutException">It took too long.</exception>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task<string> ReadAsync(byte[] file, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Timeout);
        bool hasSlot = false;
        Process? process = null;
        try
        {
            await slots.WaitAsync(limit.Token).ConfigureAwait(false);
            hasSlot = true;
            process = Take();
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            Task<string> table = process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.StandardInput.BaseStream.WriteAsync(file, limit.Token).ConfigureAwait(false);
            process.StandardInput.Close();
            string read = await table.ConfigureAwait(false);
            string said = await errors.ConfigureAwait(false);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return process.ExitCode == 0
                ? read
                : throw new InvalidOperationException($"{options.Command} failed with code {process.ExitCode}: {said.Trim().Split('\n')[^1]}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{options.Command} has not read an image within {options.Timeout.TotalSeconds:0.###} s.");
        }
        finally
        {
            if (process is not null) End(process);
            if (hasSlot)
            {
                Refill();
                slots.Release();
            }
        }
    }

    public void Dispose()
    {
        lock (waiting)
        {
            isDisposed = true;
            foreach (Process process in waiting) End(process);
            waiting.Clear();
        }
    }

    private Process Take()
    {
        lock (waiting)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            while (waiting.TryPop(out Process? process))
            {
                if (!process.HasExited) return process;
                process.Dispose();
            }
        }
        return Start();
    }

    private void Refill()
    {
        lock (waiting)
            if (!isDisposed && waiting.Count < options.Processes) waiting.Push(Start());
    }

    private Process Start() => Start([
        "stdin", "stdout", "-l", string.Join('+', options.Languages), "--psm", options.PageMode.ToString(), "--dpi", "150", "tsv"]);

    private Process Start(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(options.Command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["OMP_THREAD_LIMIT"] = "1"; // the pool is what runs side by side
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            throw new InvalidInputException($"Tesseract cannot be started as '{options.Command}' ({ErrorText.FirstLine(error).TrimEnd('.')}); "
                + "install it (on Debian: apt-get install tesseract-ocr), or name the program.");
        }
    }

    private string Ask(string argument)
    {
        using Process process = Start([argument]);
        process.StandardInput.Close();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && said.Length > 0
            ? said
            : throw new InvalidInputException($"'{options.Command} {argument}' fails with code {process.ExitCode}: it is no Tesseract, or it lacks its data.");
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited) process.Kill();
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception)
        {
            // it has ended meanwhile
        }
        process.Dispose();
    }
}
