using System.Diagnostics;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class NpmTests
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    private static readonly SemaphoreSlim Installing = new(1);

    [Fact]
    public async Task TheOfficialNpmClientWorksUnchanged()
    {
        string folder = await InstallAsync();
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await RunAsync(folder, "node", "openai.mjs", gateway.Http.BaseAddress!.ToString().TrimEnd('/'), RunningGateway.Key);
    }

    [Fact]
    public async Task TheDashboardWorksInABrowserByKeyboard()
    {
        string? chromium = ((string[])["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]).FirstOrDefault(File.Exists);
        Assert.SkipWhen(chromium is null, "there is no Chromium on this machine");
        string folder = await InstallAsync();
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "rounds: 0", audit: ", texts: keep, images: keep");
        Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
        Assert.Equal(200, (await gateway.ChatAsync("<b>a forbidden question</b>")).Status);
        JsonArray content =
        [
            new JsonObject { ["type"] = "text", ["text"] = "forbidden" },
            new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = $"data:image/png;base64,{Pixel}" } },
        ];
        string withImage = new JsonObject { ["model"] = "ours", ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }) }
            .ToJsonString();
        Assert.Equal(200, (await gateway.PostAsync("/v1/chat/completions", withImage)).Status);
        await RunAsync(folder, "node", "dashboard.mjs", gateway.Http.BaseAddress!.ToString().TrimEnd('/'), RunningGateway.OperatorKey, chromium!);
        Assert.Equal(3, (await gateway.OutcomesAsync()).Count);
    }

    // The scripts run from the artifacts folder, where their packages are installed once.
    private static async Task<string> InstallAsync()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(path => File.Exists(Path.Combine(path, "npm"))),
            "there is no npm on this machine");
        string folder = Path.Combine(Golden.RepositoryRoot(), "artifacts", "npm", "gateway");
        await Installing.WaitAsync();
        try
        {
            Directory.CreateDirectory(folder);
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), "tests", "SafeRlhfV.Gateway.Tests", "npm")))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), true);
            if (!Directory.Exists(Path.Combine(folder, "node_modules", "openai")) || !Directory.Exists(Path.Combine(folder, "node_modules", "playwright-core")))
                await RunAsync(folder, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts");
        }
        catch (InvalidOperationException error)
        {
            Assert.Skip($"the npm packages could not be installed: {error.Message}");
        }
        finally
        {
            Installing.Release();
        }
        return folder;
    }

    private static async Task RunAsync(string folder, string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(true);
        }
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {arguments[0]} ended with {process.ExitCode}: {await output} {await errors}");
    }
}
