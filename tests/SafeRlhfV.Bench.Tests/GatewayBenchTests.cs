using System.Diagnostics;
using SafeRlhfV.GatewayLoad;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Bench.Tests;

/// <summary>The small parts of <c>bench/gateway.sh</c>. That its requests pass the gateway is tested beside the gateway.</summary>
public sealed class GatewayBenchTests
{
    [Fact]
    public void OptionsAreReadAndTheStandardOnesFillTheRest()
    {
        BenchOptions options = BenchOptions.Parse(["--wires", "messages chat", "--rounds", "2", "--streams", "0", "--guard", "."]);
        Assert.Equal(["messages", "chat"], options.Wires.Select(wire => wire.Name));
        Assert.Equal((2, 0, 500, 500), (options.Rounds, options.Streams, options.Rate, options.Open));
        Assert.Equal(Path.GetFullPath("."), options.Guard);
        Assert.Equal(["chat", "responses", "messages", "embeddings"], BenchOptions.Parse([]).Wires.Select(wire => wire.Name));
    }

    [Theory]
    [InlineData("--rounds", "0", "--rounds 0: give a whole number from 1 to 20.")]
    [InlineData("--streams", "1e4", "--streams 1e4: give a whole number from 0 to 20000.")]
    [InlineData("--wires", "chat,completions", "--wires: there is no wire 'completions'; there are chat, responses, messages, embeddings.")]
    [InlineData("--wires", " ", "--wires names no wire.")]
    [InlineData("--wire", "chat", "--wire is unknown.")]
    [InlineData("--guard", "nope", "--guard nope: no such folder; give a guard's checkpoint, such as runs/demo/models/guard of a finished demo.")]
    [InlineData("--open", null, "--open needs a value.")]
    [InlineData("--opens", null, "--opens is unknown.")]
    public void AWrongOptionIsANamedError(string name, string? value, string fault)
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => BenchOptions.Parse(value is null ? [name] : [name, value]));
        Assert.Equal($"{fault} See bench/gateway.sh --help.", error.Message);
    }

    [Fact]
    public void EveryOptionStandsInTheScriptsHead()
    {
        string script = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "bench", "gateway.sh"));
        foreach (string option in BenchOptions.Names)
        {
            Assert.Contains($"#   {option} ", script);
            Assert.DoesNotContain("unknown", Assert.Throws<InvalidInputException>(() => BenchOptions.Parse([option])).Message);
        }
    }

    /// <summary>A copy of the scripts has no sources: what would build fails.</summary>
    [Fact]
    public void HelpOfEveryScriptIsPrintedWithoutABuild()
    {
        using TemporaryFolder folder = new();
        foreach (string part in (string[])["bench", "build"])
        {
            Directory.CreateDirectory(folder.At(part));
            foreach (string file in Directory.GetFiles(Path.Combine(Golden.RepositoryRoot(), part), "*.sh"))
                File.Copy(file, folder.At(part, Path.GetFileName(file)));
        }
        foreach (string script in Directory.GetFiles(folder.At("bench")))
        {
            ProcessStartInfo start = new("bash", [script, "--help"]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd(), errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal((0, ""), (process.ExitCode, errors));
            Assert.Contains($"bench/{Path.GetFileName(script)}", output);
            Assert.DoesNotContain("pipefail", output);
        }
    }

    [Fact]
    public void APercentileIsTheSmallestValueThatTheShareDoesNotExceed()
    {
        double[] values = [.. Enumerable.Range(1, 200).Select(i => (double)i).Reverse()];
        Assert.Equal((100, 198, 1, 200), (Percentiles.At(values, 0.5), Percentiles.At(values, 0.99), Percentiles.At(values, 0), Percentiles.At(values, 1)));
        Assert.Equal(7, Percentiles.At([7], 0.99));
    }

    [Fact]
    public void GrowthIsBetweenTheMediansOfTheFirstAndTheLastThousand()
    {
        (int, double)[] samples = [(0, 100), (400, 110), (999, 120), (1000, 500), (8999, 90), (9000, 130), (9500, 150), (10_000, 140)];
        Assert.Equal(new StreamMemory(100, 500, 1000, 110, 140), StreamMemory.Of(samples, 10_000));
        Assert.Equal(new StreamMemory(10, 12, 5, 10, 12), StreamMemory.Of([(0, 10), (10, 12)], 10)); // few streams: their halves
    }

    [Fact]
    public void TheTableComparesWithTheDirectWayAndWithThePeer()
    {
        WayFigures direct = Way("direct", 2, 10_000, 0.02), peer = Way("peer", 3, 4000, 0.05), gateway = Way("gateway", 5.5, 1000, 0.2);
        Assert.Equal("""
            | | p50 | p99 | added p50 | added p99 | requests/s | of peer | processor time a request |
            |---|---|---|---|---|---|---|---|
            | direct | 2.00 ms | 2.00 ms |  |  | 10,000 |  | 0.020 ms |
            | peer | 3.00 ms | 3.00 ms | 1.00 ms | 1.00 ms | 4,000 |  | 0.050 ms |
            | gateway | 5.50 ms | 5.50 ms | 3.50 ms | 3.50 ms | 1,000 | 25% | 0.200 ms |
            """, WireTable.Of([direct, peer, gateway], "peer"), ignoreLineEndingDifferences: true);

        static WayFigures Way(string name, double ms, double rate, double cost)
        {
            WayFigures way = new(name);
            way.Times.Add(ms);
            way.Rates.AddRange([rate / 2, rate, rate * 3]);
            way.Costs.Add(cost);
            return way;
        }
    }

    [Theory]
    [InlineData("chat", "data: {}\n\ndata: [DONE]\n\n", true)]
    [InlineData("chat", "data: {}\n\n", false)]
    [InlineData("responses", "event: response.created\ndata: {}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\"}\n\n", true)]
    [InlineData("responses", "event: response.created\ndata: {}\n\nevent: response.failed\ndata: {}\n\n", false)]
    [InlineData("responses", "event: response.completed\ndata: {}\n\nevent: error\ndata: {}\n\n", false)]
    [InlineData("responses", "", false)]
    [InlineData("messages", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", true)]
    [InlineData("messages", "event: error\ndata: {\"type\":\"error\"}\n\n", false)]
    [InlineData("embeddings", "data: [DONE]\n\n", false)]
    public void AWholeStreamIsToldByItsEnd(string wire, string stream, bool isWhole) =>
        Assert.Equal(isWhole, BenchWire.All.Single(one => one.Name == wire).IsWhole(stream));
}
