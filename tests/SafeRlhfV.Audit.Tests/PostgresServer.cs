using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace SafeRlhfV.Audit.Tests;

/// <summary>A PostgreSQL of its own for the tests: the one that SAFERLHFV_POSTGRES names, else one started from the programs on this machine.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private string? folder;
    private string? programs;

    public string? Connection { get; private set; }

    public string Missing { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("SAFERLHFV_POSTGRES") is { Length: > 0 } named)
        {
            Connection = named;
            return;
        }
        programs = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(version => Path.Combine(version, "bin"))
                .LastOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            : null;
        if (programs is null)
        {
            Missing = "no PostgreSQL on this machine, and SAFERLHFV_POSTGRES is not set";
            return;
        }
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        folder = Directory.CreateTempSubdirectory("saferlhfv-pg-").FullName;
        if (Environment.UserName == "root") await RunAsync("chown", "nobody", folder);
        await RunServerAsync("initdb", "-D", $"{folder}/data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C");
        await RunServerAsync("pg_ctl", "-D", $"{folder}/data", "-w", "-l", $"{folder}/log", "-o", $"-p {port} -k {folder} -c listen_addresses=127.0.0.1",
            "start");
        Connection = $"Host=127.0.0.1;Port={port};Username=tester;Database=postgres;Timeout=5;Command Timeout=5";
    }

    /// <summary>A connection string to a database made for one test.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"guard_{Guid.NewGuid():n}";
        await QueryAsync(Connection!, $"CREATE DATABASE {name}");
        return new NpgsqlConnectionStringBuilder(Connection) { Database = name }.ToString();
    }

    /// <summary>Runs statements.</summary>
    /// <returns>The first value that they give, as text; "" for none.</returns>
    public static async Task<string> QueryAsync(string database, string statements)
    {
        await using NpgsqlConnection connection = new(database);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(statements, connection) { CommandTimeout = 60 }; // databases are made several at once on a busy machine
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture) ?? "";
    }

    public Task StopAsync() => RunServerAsync("pg_ctl", "-D", $"{folder}/data", "-w", "-m", "immediate", "stop");

    public Task StartAsync() => RunServerAsync("pg_ctl", "-D", $"{folder}/data", "-w", "-l", $"{folder}/log", "-o",
        $"-p {new NpgsqlConnectionStringBuilder(Connection).Port} -k {folder} -c listen_addresses=127.0.0.1", "start");

    /// <summary>Whether the tests may stop and start it.</summary>
    public bool IsOurs => folder is not null;

    public async ValueTask DisposeAsync()
    {
        if (folder is null) return;
        await StopAsync();
        Directory.Delete(folder, true);
    }

    // The server refuses to run as root.
    private Task RunServerAsync(string program, params string[] arguments) => Environment.UserName == "root"
        ? RunAsync("setpriv", ["--reuid", "nobody", "--clear-groups", Path.Combine(programs!, program), .. arguments])
        : RunAsync(Path.Combine(programs!, program), arguments);

    private async Task RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program) { RedirectStandardOutput = false, RedirectStandardError = false, WorkingDirectory = folder };
        if (program.EndsWith("setpriv", StringComparison.Ordinal) || program.Contains('/')) start = new("sh") { WorkingDirectory = folder };
        if (start.FileName == "sh")
        {
            // The server that pg_ctl starts must not hold on to this process's streams.
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add("exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null");
            start.ArgumentList.Add(program);
        }
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
