using System.Diagnostics;
using System.Globalization;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// For each wire the same requests directly to the stub, through a plain proxy and through the gateway with and without its audit trail, in turns: latency at a
/// fixed rate (counted from when a request was due, so that a stall counts for all it delays), requests a second of some callers, processor time a request;
/// then many streams at once through the gateway.
/// </summary>
internal static class Bench
{
    private const string Peer = "YARP";
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(20);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Console.WriteLine($"{Environment.ProcessorCount} processors for the load program, the stub and the server that is measured; load of the machine "
            + $"{LoadAverage()}; {options.Rounds} rounds of {options.Seconds} s; latency at {options.Rate} requests/s; "
            + $"throughput with {options.Callers} callers; {(options.Guard is null ? "keyword guard" : "checkpoint as guard")}; "
            + "audit to SQLite on disk, two records a request");
        bool isSound = true;
        foreach (BenchWire wire in options.Wires) isSound &= await RunAsync(options, wire);
        return isSound ? 0 : 1;
    }

    public static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    public static HttpClient CreateClient()
    {
        HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 2000 }) { Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Servers.Key);
        return http;
    }

    // All servers are started anew for each wire, so that its figures do not depend on the wires before it.
    private static async Task<bool> RunAsync(BenchOptions options, BenchWire wire)
    {
        await using Child stub = await Child.StartAsync("stub");
        await using Child proxy = await Child.StartAsync("proxy", stub.Address);
        await using Child gateway = await Child.StartAsync(["gateway", stub.Address, "audit", .. options.Guard is { } guard ? [guard] : (string[])[]]);
        await using Child silent = await Child.StartAsync(["gateway", stub.Address, "no-audit", .. options.Guard is { } same ? [same] : (string[])[]]);
        Load load = new(wire, options.Guard is not null);
        using HttpClient http = CreateClient();
        (WayFigures Figures, Child Server)[] ways =
            [(new("direct"), stub), (new(Peer), proxy), (new("gateway"), gateway), (new("gateway, audit off"), silent)];

        // until the code that runs is the optimised one
        foreach ((_, Child server) in ways) await ClosedAsync(http, load, server, options.Callers, TimeSpan.FromSeconds(options.Warm));
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach ((WayFigures way, Child server) in ways) way.Times.AddRange(await OpenAsync(http, load, server, options.Rate, options.Seconds));
            foreach ((WayFigures way, Child server) in ways)
            {
                TimeSpan before = server.Processor;
                (int count, double seconds) = await ClosedAsync(http, load, server, options.Callers, TimeSpan.FromSeconds(options.Seconds));
                way.Rates.Add(count / seconds);
                way.Costs.Add((server.Processor - before).TotalMilliseconds / count);
            }
        }
        Console.WriteLine($"\n### {wire.Path}\n\n{WireTable.Of([.. ways.Select(way => way.Figures)], Peer)}\n");
        Console.WriteLine($"whole answers: {load.Whole:#,0} came, {load.Failed:#,0} failed, {load.Withheld:#,0} withheld by the guard");
        bool isSound = load.Failed == 0 && (options.Guard is not null || load.Withheld == 0);
        return (options.Streams == 0 || wire.StreamEnd is null || await StreamsAsync(http, load, gateway, options)) && isSound;
    }

    private static async Task<bool> StreamsAsync(HttpClient http, Load load, Child gateway, BenchOptions options)
    {
        await StreamManyAsync(http, load, gateway, Math.Min(options.Streams, options.Open), options.Open, () => { });
        int ended = 0;
        List<(int, double)> samples = [(0, gateway.Memory)];
        using CancellationTokenSource done = new();
        Task watch = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await Task.Delay(SampleEvery);
                samples.Add((Volatile.Read(ref ended), gateway.Memory));
            }
        });
        Stopwatch clock = Stopwatch.StartNew();
        int whole = await StreamManyAsync(http, load, gateway, options.Streams, options.Open, () => Interlocked.Increment(ref ended));
        double seconds = clock.Elapsed.TotalSeconds;
        await done.CancelAsync();
        await watch;
        StreamMemory memory = StreamMemory.Of(samples, options.Streams);
        Console.WriteLine($"{options.Streams:#,0} streams, {options.Open} open at a time: {whole:#,0} whole, {options.Streams - whole:#,0} failed, "
            + $"{options.Streams / seconds:#,0}/s; the gateway's resident memory: {memory.Before:0} MiB before, {memory.Peak:0} MiB at most; "
            + $"{memory.First:0} MiB while the first {memory.Part:#,0} ended, {memory.Last:0} MiB while the last did ({memory.Last - memory.First:+0;-0;0})");
        return whole == options.Streams;
    }

    private static async Task<int> StreamManyAsync(HttpClient http, Load load, Child server, int streams, int open, Action ended)
    {
        int whole = 0;
        await Parallel.ForAsync(0, streams, new ParallelOptions { MaxDegreeOfParallelism = open }, async (_, _) =>
        {
            if (await load.StreamAsync(http, server.Address)) Interlocked.Increment(ref whole);
            ended();
        });
        return whole;
    }

    private static async Task<double[]> OpenAsync(HttpClient http, Load load, Child server, int rate, int seconds)
    {
        double[] times = new double[rate * seconds];
        Task[] all = new Task[times.Length];
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < times.Length; i++)
        {
            double due = 1000.0 * i / rate;
            while (clock.Elapsed.TotalMilliseconds < due) await Task.Delay(1);
            int at = i;
            all[i] = Task.Run(async () =>
            {
                await load.AskAsync(http, server.Address);
                times[at] = clock.Elapsed.TotalMilliseconds - due;
            });
        }
        await Task.WhenAll(all);
        return times;
    }

    private static async Task<(int Count, double Seconds)> ClosedAsync(HttpClient http, Load load, Child server, int callers, TimeSpan time)
    {
        int count = 0;
        Stopwatch clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < time)
            {
                await load.AskAsync(http, server.Address);
                Interlocked.Increment(ref count);
            }
        })));
        return (count, clock.Elapsed.TotalSeconds);
    }
}
