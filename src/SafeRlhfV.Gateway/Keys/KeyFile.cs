using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Takes over the keys of the gateway's file when it changes: a key that is removed no longer works within three seconds. A file with faults, or one that was
/// cut, changes nothing. All else in the file counts from the next start on.
/// </summary>
internal sealed partial class KeyFile(GatewaySettings settings, KeyRing keys, TimeProvider clock, ILogger<KeyFile> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly WatchedText file =
        new(settings.File!, "file", "give the path of a gateway file", "if the rest was removed on purpose, change a line before it too");
    private IReadOnlyList<KeySettings> inForce = settings.Keys;
    private volatile string? fault;

    /// <summary>Why the changed file is not in force; null where all is well.</summary>
    public string? Fault => fault;

    /// <summary>Raised after other keys came into force: the names of those that are new or changed, and of those that are gone.</summary>
    public event Action<IReadOnlyList<string>, IReadOnlyList<string>>? Changed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) Look();
        }
        catch (OperationCanceledException)
        {
            // the gateway stops
        }
    }

    private void Look()
    {
        try
        {
            if (file.FindChange() is not { } changed) return;
            IReadOnlyList<KeySettings> now = GatewaySettingsReader.Load(settings.File!).Keys;
            file.Accept(changed);
            fault = null;
            TakeOver(now);
        }
        catch (InvalidInputException error)
        {
            fault = error.Message;
            LogFault(error.Message);
        }
    }

    private void TakeOver(IReadOnlyList<KeySettings> now)
    {
        string[] set = [.. now.Where(key => !inForce.Any(before => IsSame(before, key))).Select(key => key.Name)];
        string[] removed = [.. inForce.Where(before => now.All(key => key.Hash != before.Hash)).Select(key => key.Name)];
        inForce = now;
        if (set.Length + removed.Length == 0) return;
        keys.Replace(now);
        LogChange(set.Length == 0 ? "none" : string.Join(", ", set), removed.Length == 0 ? "none" : string.Join(", ", removed));
        Changed?.Invoke(set, removed);
    }

    private static bool IsSame(KeySettings one, KeySettings other) =>
        one with { Models = [] } == other with { Models = one.Models.SequenceEqual(other.Models) ? [] : ["another"] };

    [LoggerMessage(LogLevel.Warning, "Other keys are in force. New or changed: {New}; removed: {Removed}.")]
    private partial void LogChange(string @new, string removed);

    [LoggerMessage(LogLevel.Error, "The keys stay as they are: {Fault}")]
    private partial void LogFault(string fault);
}
