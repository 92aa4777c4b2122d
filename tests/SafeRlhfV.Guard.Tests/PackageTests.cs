using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Tests;

/// <summary>The packages as a .NET team takes them: made from the sources, restored from a folder by a program outside the repository.</summary>
public sealed class PackageTests
{
    private const long MaximumOutput = 2_500_000; // docs/guard.md says 1.8 MB

    [Fact, Trait("speed", "slow")]
    public async Task AConsoleProgramGuardsAChatClientWithThePackageAlone()
    {
        using TemporaryFolder folder = new();
        string version = $"0.1.0-test.{Guid.NewGuid():N}", feed = folder.At("feed");
        foreach (string room in (string[])["Core", "Guard"])
            await RunAsync(Golden.RepositoryRoot(), "pack", Path.Combine("src", $"SafeRlhfV.{room}", $"SafeRlhfV.{room}.csproj"),
                "-c", "Release", "-v", "q", "--nologo", "--artifacts-path", folder.At("artifacts"), "-o", feed, $"-p:Version={version}");

        string[] dependencies = Dependencies(Path.Combine(feed, $"SafeRlhfV.Guard.{version}.nupkg"));
        Assert.Contains("SafeRlhfV.Core", dependencies);
        Assert.Empty(dependencies.Except(["SafeRlhfV.Core", "Microsoft.Extensions.AI.Abstractions", "Microsoft.Extensions.Logging.Abstractions"]));

        using (ZipArchive package = ZipFile.OpenRead(Path.Combine(feed, $"SafeRlhfV.Guard.{version}.nupkg")))
            Assert.Contains(package.Entries, entry => entry.FullName == "README.md");
        Assert.True(File.Exists(Path.Combine(feed, $"SafeRlhfV.Guard.{version}.snupkg")), "the package has symbols");

        Write(folder, "nuget.config", $"""
            <configuration>
              <packageSources>
                <add key="local" value="{feed}" />
              </packageSources>
            </configuration>
            """);
        // the packages of the test stay in its folder; what the machine has already is not fetched again
        Write(folder, "Program.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestorePackagesPath>{folder.At("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{MachinePackages()}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="SafeRlhfV.Guard" Version="{version}" />
              </ItemGroup>
            </Project>
            """);
        Write(folder, "Program.cs", Program);
        await RunAsync(folder.At("program"), "build", "-c", "Release", "-o", folder.At("output"), "-v", "q", "--nologo");

        string said = await RunAsync(folder.At("output"), "Program.dll");
        Assert.Equal(["Hold the ladder.", "PromptRefused", "AnswerRefused"],
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        FileInfo[] files = [.. new DirectoryInfo(folder.At("output")).EnumerateFiles("*", SearchOption.AllDirectories)];
        long bytes = files.Sum(file => file.Length);
        TestContext.Current.SendDiagnosticMessage($"{files.Length} files, {bytes} bytes");
        Assert.True(bytes < MaximumOutput,
            $"{bytes} bytes: {string.Join(", ", files.OrderByDescending(file => file.Length).Take(5).Select(file => $"{file.Name} {file.Length}"))}");
    }

    /// <summary>Ten lines guard a chat client; what stands for a model and for a moderator is not counted.</summary>
    [Fact]
    public void TheProgramIsShort() => Assert.InRange(Program.Split("internal sealed class")[0].Trim().Split('\n').Length, 1, 10);

    private const string Program = """
        using Microsoft.Extensions.AI;
        using SafeRlhfV.Guard;

        foreach ((string question, string answer) in new[] { ("How do I reach the shelf?", "Hold the ladder."), ("saw", "Yes."), ("How do I reach the shelf?", "Take a saw.") })
        {
            IChatClient guarded = new Model(answer).AsGuarded(new ToyModerator());
            ChatResponse response = await guarded.GetResponseAsync(question);
            GuardOutcome? outcome = response.GetGuardReport()!.Outcome;
            Console.WriteLine(outcome == GuardOutcome.Passed ? response.Text : outcome.ToString());
        }

        internal sealed class ToyModerator : IModerator
        {
            public string Name => "toy";

            public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken) =>
                Task.FromResult<IReadOnlyList<Verdict>>([.. requests.Select(request =>
                    (request.Response ?? request.Question).Contains("saw") ? Verdict.Unsafe(Name, Severity.Severe, ["dangerous_behavior"]) : Verdict.Safe(Name))]);
        }

        internal sealed class Model(string answer) : IChatClient
        {
            public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken) =>
                Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)));

            public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

            public object? GetService(Type serviceType, object? serviceKey) => null;

            public void Dispose() { }
        }
        """;

    private static void Write(TemporaryFolder folder, string name, string text)
    {
        Directory.CreateDirectory(folder.At("program"));
        File.WriteAllText(folder.At("program", name), text);
    }

    private static string[] Dependencies(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        using Stream nuspec = archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return [.. XDocument.Load(nuspec).Descendants().Where(element => element.Name.LocalName == "dependency")
            .Select(element => (string)element.Attribute("id")!)];
    }

    private static string MachinePackages() => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}:\n{await output}\n{await errors}");
        return await output;
    }
}
