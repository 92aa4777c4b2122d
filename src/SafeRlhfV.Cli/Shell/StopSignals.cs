using System.Runtime.InteropServices;

namespace SafeRlhfV.Cli;

/// <summary>A token that the signals cancel by which a person or a scheduler stops the program; it ends in order then.</summary>
internal sealed class StopSignals : IDisposable
{
    private const PosixSignal UserSignal = (PosixSignal)10; // SIGUSR1 on Linux

    // never disposed: a signal may be under way on another thread while the program ends
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    public StopSignals()
    {
        // the last is what schedulers send some minutes before a job's time is over, and launchers pass on at once
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, .. OperatingSystem.IsLinux() ? (PosixSignal[])[UserSignal] : []];
        foreach (PosixSignal signal in signals) registrations.Add(PosixSignalRegistration.Create(signal, Cancel));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration one in registrations) one.Dispose();
    }

    internal void Cancel(PosixSignalContext context)
    {
        context.Cancel = true;
        source.Cancel();
    }
}
