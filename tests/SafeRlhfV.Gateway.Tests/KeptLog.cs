using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Keeps what a service logs.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    /// <summary>The same lines behind the scope that they were written in.</summary>
    public ConcurrentQueue<string> Scoped { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    private readonly AsyncLocal<string?> scope = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull
    {
        scope.Value = state.ToString();
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Keep(formatter(state, exception));

    private void Keep(string line)
    {
        Lines.Enqueue(line);
        Scoped.Enqueue($"{scope.Value}: {line}");
    }

    public void Dispose()
    {
    }
}
