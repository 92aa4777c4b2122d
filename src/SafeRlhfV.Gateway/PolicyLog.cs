using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Tells the operator what became of a changed policy file.</summary>
internal sealed partial class PolicyLog(ILogger<PolicyLog> log)
{
    public void Tell(PolicyFile file)
    {
        if (file.LastFault is { } fault) LogFault(fault);
        else LogChange(file.Current.Version);
    }

    public void TellShadow(PolicyFile file)
    {
        if (file.LastFault is { } fault) LogShadowFault(fault);
        else LogShadowChange(file.Current.Version);
    }

    [LoggerMessage(LogLevel.Error, "The shadow policy stays as it is: {Fault}")]
    private partial void LogShadowFault(string fault);

    [LoggerMessage(LogLevel.Warning, "The shadow policy is {Version} now.")]
    private partial void LogShadowChange(string version);

    [LoggerMessage(LogLevel.Error, "The policy stays as it is: {Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(LogLevel.Warning, "The policy {Version} is in force.")]
    private partial void LogChange(string version);
}
