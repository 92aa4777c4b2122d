using System.Runtime.InteropServices;

namespace SafeRlhfV.Cli.Tests;

public sealed class StopSignalsTests
{
    [Fact]
    public void ASignalThatComesWhileTheProgramEndsIsNoFault()
    {
        StopSignals signals = new();
        CancellationToken token = signals.Token;
        signals.Dispose();
        PosixSignalContext late = new(PosixSignal.SIGTERM);
        signals.Cancel(late);
        Assert.True(late.Cancel && token.IsCancellationRequested);
    }
}
