using System.Net;
using System.Net.Sockets;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class ServeVerbTests
{
    private static readonly string RealHash = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));

    [Fact]
    public async Task AnAddressInUseIsOneLineThatNamesTheSetting()
    {
        using TemporaryFolder folder = new();
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string address = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";
        await CapturedConsole.RefusedAsync(["listen", address, "in use"], "serve", "--config", Write(folder, RealHash, address));
    }

    [Fact]
    public async Task AnAddressOfAnotherMachineIsRefusedTheSameWay()
    {
        using TemporaryFolder folder = new();
        await CapturedConsole.RefusedAsync(["listen", "http://192.0.2.1:8080"], "serve", "--config", Write(folder, RealHash, "http://192.0.2.1:8080"));
    }

    [Fact]
    public async Task TheCheckCountsInWordsThatFit()
    {
        using TemporaryFolder folder = new();
        (int code, string output, string errors) = await CapturedConsole.RunAsync("serve", "--check", "--config", Write(folder, RealHash));
        Assert.Equal((0, "gateway.yaml is sound: 1 model, 1 upstream, 1 moderator, 1 key\n", ""), (code, output, errors));
    }

    [Fact]
    public async Task AKeyOfTheExampleThatNobodyHasIsTold()
    {
        using TemporaryFolder folder = new();
        (int code, _, string errors) = await CapturedConsole.RunAsync("serve", "--check", "--config", Write(folder, new string('0', 64)));
        Assert.Equal(0, code);
        string line = Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Contains("'first'", line);
        Assert.Contains("--new-key", line);
    }

    [Fact]
    public async Task ThatNothingIsRecordedIsTold()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "It is ended by a signal.");
        using TemporaryFolder folder = new();
        using CliProcess serving = CliProcess.Start("serve", "--config", Write(folder, RealHash));
        await serving.UntilSaidAsync("serving on", TestContext.Current.CancellationToken);
        serving.Interrupt();
        (int code, _, string errors) = await serving.EndAsync();
        Assert.Equal(0, code);
        Assert.Contains("warning: gateway.yaml has no 'audit': nothing is recorded.\n", errors, StringComparison.Ordinal);
    }

    private static string Write(TemporaryFolder folder, string hash, string listen = "http://127.0.0.1:0")
    {
        string file = folder.At("gateway.yaml");
        File.WriteAllText(file, $$"""
            listen: {{listen}}
            keys: [{ name: first, hash: {{hash}} }]
            upstreams: [{ name: up, endpoint: http://127.0.0.1:1/v1 }]
            models: [{ name: m, upstreams: [up] }]
            moderators: [{ kind: patterns, category: dangerous_behavior, keywords: [an example phrase] }]
            limits: { images: 0 }
            """);
        return file;
    }
}
