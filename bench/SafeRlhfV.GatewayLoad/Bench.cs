using System.Diagnostics;
using System.Globalization;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// The same requests directly to the stub, through a plain proxy and through the gateway, in turns: latency at a fixed rate (counted from when a request was
/// due, so that a stall counts for all it delays), requests a second of some callers, processor time a request; then many streams at once through the gateway.
/// </summary>
internal static class Bench
{

    public static async Task<int> RunAsync(BenchOptions options)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        await using Child stub = await Child.StartAsync("stub");
        await using Child proxy = await Child.StartAsync("proxy", stub.Address);
        await using Child gateway = await (options.Guard is { } guard
            ? Child.StartAsync("gateway", stub.Address, guard)
            : Child.StartAsync("gateway", stub.Address));
        Load load = new(options.Guard is not null);
        using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 2000 }) { Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Servers.Key);
        (string Name, Child Server)[] ways = [("direct", stub), ("YARP", proxy), ("gateway", gateway)];
        List<double>[] times = [[], [], []];
        List<double>[] rates = [[], [], []], costs = [[], [], []];
        // until the code that runs is the optimised one
        foreach ((string _, Child server) in ways) await ClosedAsync(http, load, server, options.Callers, TimeSpan.FromSeconds(options.Warm));
        for (int round = 0; round < options.Rounds; round++)
        {
            for (int way = 0; way < ways.Length; way++) times[way].AddRange(await OpenAsync(http, load, ways[way].Server, options.Rate, options.Seconds));
            for (int way = 0; way < ways.Length; way++)
            {
                TimeSpan before = ways[way].Server.Processor;
                (int count, double seconds) = await ClosedAsync(http, load, ways[way].Server, options.Callers, TimeSpan.FromSeconds(options.Seconds));
                rates[way].Add(count / seconds);
                costs[way].Add((ways[way].Server.Processor - before).TotalMilliseconds / count);
            }
        }
        Console.WriteLine(
            $"{Environment.ProcessorCount} processors; load of the machine {LoadAverage()}; {options.Rounds} rounds of {options.Seconds} s; latency at {options.Rate} requests/s; throughput with {options.Callers} callers; {(options.Guard is null ? "keyword guard" : "checkpoint as guard, an image a request")}; audit to SQLite on disk, two records a request");
        Console.WriteLine($"{"",-8} {"p50 ms",8} {"p90 ms",8} {"p99 ms",8} {"added p50",10} {"added p99",10} {"requests/s",11} {"ms CPU/req",11}");
        for (int way = 0; way < ways.Length; way++)
            Console.WriteLine(
                $"{ways[way].Name,-8} {At(times[way], 0.5),8:0.00} {At(times[way], 0.9),8:0.00} {At(times[way], 0.99),8:0.00} {At(times[way],
                    0.5) - At(times[0], 0.5),10:0.00} {At(times[way], 0.99) - At(times[0], 0.99),10:0.00} {At(rates[way], 0.5),11:0} {At(costs[way],
                    0.5),11:0.000}");
        Console.WriteLine(
            $"gateway / YARP: throughput {At(rates[2], 0.5) / At(rates[1], 0.5):0%}, processor time {At(costs[2], 0.5) / At(costs[1], 0.5):0.0} times");
        Console.WriteLine($"passed by the guard: {load.Passed} of {load.Judged} whole answers");
        if (options.Streams > 0) await StreamsAsync(http, load, gateway, options);
        return 0;
    }

    private static async Task StreamsAsync(HttpClient http, Load load, Child gateway, BenchOptions options)
    {
        await StreamManyAsync(http, load, gateway, Math.Min(options.Streams, options.Open), options.Open);
        double before = gateway.Memory, most = before;
        using CancellationTokenSource done = new();
        Task watch = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                most = Math.Max(most, gateway.Memory);
                await Task.Delay(200);
            }
        });
        Stopwatch clock = Stopwatch.StartNew();
        int whole = await StreamManyAsync(http, load, gateway, options.Streams, options.Open);
        await done.CancelAsync();
        await watch;
        Console.WriteLine(
            $"{options.Streams} streams, {options.Open} open at a time: {whole} whole, {options.Streams / clock.Elapsed.TotalSeconds:0}/s; the gateway's memory {before:0} MiB before, {most:0} MiB at most, {gateway.Memory:0} MiB after");
    }

    private static async Task<int> StreamManyAsync(HttpClient http, Load load, Child server, int streams, int open)
    {
        int whole = 0;
        await Parallel.ForAsync(0, streams, new ParallelOptions { MaxDegreeOfParallelism = open }, async (_, _) =>
        {
            using HttpResponseMessage response = await SendAsync(http, load, server, load.Next(stream: true), HttpCompletionOption.ResponseHeadersRead);
            string text = await response.Content.ReadAsStringAsync();
            if (text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal)) Interlocked.Increment(ref whole);
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
                using HttpResponseMessage response = await SendAsync(http, load, server, load.Next(stream: false), HttpCompletionOption.ResponseContentRead);
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
                using HttpResponseMessage response = await SendAsync(http, load, server, load.Next(stream: false), HttpCompletionOption.ResponseContentRead);
                Interlocked.Increment(ref count);
            }
        })));
        return (count, clock.Elapsed.TotalSeconds);
    }

    public static async Task<HttpResponseMessage> SendAsync(HttpClient http, Load load, Child server, byte[] body, HttpCompletionOption option)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, server.Address + "/v1/chat/completions") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        HttpResponseMessage response = await http.SendAsync(request, option);
        response.EnsureSuccessStatusCode();
        if (response.Headers.TryGetValues("x-guard-outcome", out IEnumerable<string>? outcomes)) load.Count(outcomes.Single() == "Passed");
        return response;
    }

    public static double At(List<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }

    public static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
