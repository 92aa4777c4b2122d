using System.Diagnostics;
using System.Globalization;
using Npgsql;
using SafeRlhfV.Audit;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// One gateway and three on a PostgreSQL, behind YARP, in one run: requests a second with the processors' load beside it; then one of the three is killed under
/// load, and the requests that got no answer are counted and all chains verified.
/// </summary>
internal static class ReplicaBench
{
    private static readonly string[] Shared = ["shared", "shared", "shared"], Own = ["gw-0", "gw-1", "gw-2"];

    public static async Task<int> RunAsync(string connection, BenchOptions options)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        await using Child stub = await Child.StartAsync("stub");
        (string Name, string[] Gateways, int Callers)[] ways =
        [
            ("one gateway, one chain", [""], options.Callers),
            ("one gateway, one chain, all callers", [""], 3 * options.Callers),
            ("three gateways, one chain", Shared, 3 * options.Callers),
            ("three gateways, a chain each", Own, 3 * options.Callers),
        ];
        Console.WriteLine($"{Environment.ProcessorCount} processors; load of the machine {Bench.LoadAverage()}; "
            + $"{options.Seconds} s each after {options.Warm} s of warming up; two records a request");
        Console.WriteLine($"{"",-38} {"callers",8} {"requests/s",11} {"p50 ms",8} {"p99 ms",8} {"processors",11}");
        List<double> rates = [];
        foreach ((string name, string[] gateways, int callers) in ways)
        {
            await using Cluster cluster = await Cluster.StartAsync(connection, stub.Address, gateways);
            await LoadAsync(cluster, callers, TimeSpan.FromSeconds(options.Warm));
            (long busy, long all) before = Processors();
            Result result = await LoadAsync(cluster, callers, TimeSpan.FromSeconds(options.Seconds));
            (long busy, long all) after = Processors();
            rates.Add(result.Times.Count / result.Seconds);
            double load = (double)(after.busy - before.busy) / (after.all - before.all);
            double p50 = Percentiles.At(result.Times, 0.5), p99 = Percentiles.At(result.Times, 0.99);
            Console.WriteLine($"{name,-38} {callers,8} {rates[^1],11:0} {p50,8:0.0} {p99,8:0.0} {load,11:0%}");
        }
        Console.WriteLine($"three gateways with a chain each / one gateway: {rates[3] / rates[0]:0.00} times with as many callers a gateway, "
            + $"{rates[3] / rates[1]:0.00} times with as many callers in all; / three on one chain: {rates[3] / rates[2]:0.00} times");
        return await KillAsync(connection, stub.Address, options) ? 0 : 1;
    }

    private static async Task<bool> KillAsync(string connection, string stub, BenchOptions options)
    {
        await using Cluster cluster = await Cluster.StartAsync(connection, stub, Own);
        Task<Result> load = LoadAsync(cluster, 3 * options.Callers, TimeSpan.FromSeconds(Math.Max(6, options.Seconds)));
        await Task.Delay(TimeSpan.FromSeconds(3));
        await cluster.Gateways[1].KillAsync();
        Result result = await load;
        await Task.Delay(TimeSpan.FromSeconds(3)); // the next leader anchors
        await using AuditDatabase database = AuditDatabase.Postgres(cluster.Connection);
        AuditReader reader = new(database, GuardKey.Of(Servers.AuditKey, "the bench"));
        AuditCheck check = await reader.VerifyAsync();
        int ended = (await reader.LatestAsync(int.MaxValue)).Count(record => record.Kind == "end");
        Console.WriteLine($"gw-1 killed (SIGKILL) under {3 * options.Callers} callers: "
            + $"{result.Times.Count} requests answered, {result.Lost} lost; {ended} answers on record");
        foreach (AuditChainState chain in check.Chains) Console.WriteLine($"chain {chain.Name}: {chain.Records} records, {chain.Unanchored} not anchored");
        foreach (string fault in check.Faults) Console.WriteLine(fault);
        Console.WriteLine($"{check.Records} records, {(check.IsWhole ? "whole" : $"{check.Faults.Count} faults")}");
        return result.Lost == 0 && check.IsWhole && ended >= result.Times.Count;
    }

    private static async Task<Result> LoadAsync(Cluster cluster, int callers, TimeSpan time)
    {
        Load load = new(BenchWire.All[0], hasImages: false);
        using HttpClient http = Bench.CreateClient();
        List<double>[] times = [.. Enumerable.Range(0, callers).Select(_ => new List<double>())];
        Stopwatch clock = Stopwatch.StartNew();
        await Task.WhenAll(times.Select(own => Task.Run(async () =>
        {
            while (clock.Elapsed < time)
            {
                double began = clock.Elapsed.TotalMilliseconds;
                if (await load.AskAsync(http, cluster.Balancer.Address)) own.Add(clock.Elapsed.TotalMilliseconds - began);
            }
        })));
        return new([.. times.SelectMany(own => own)], load.Failed, clock.Elapsed.TotalSeconds);
    }

    // what all processors of the machine have done, and what they could have
    private static (long Busy, long All) Processors()
    {
        if (!File.Exists("/proc/stat")) return (0, 1);
        long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(long.Parse)];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum()); // without idling and waiting for disks
    }

    private sealed record Result(List<double> Times, int Lost, double Seconds);

    private sealed record Cluster(string Connection, Child[] Gateways, Child Balancer) : IAsyncDisposable
    {
        public static async Task<Cluster> StartAsync(string connection, string stub, string[] names)
        {
            string database = $"bench_{Guid.NewGuid():n}";
            await using (NpgsqlConnection server = new(connection))
            {
                await server.OpenAsync();
                await using NpgsqlCommand create = new($"CREATE DATABASE {database}", server);
                await create.ExecuteNonQueryAsync();
            }
            string own = new NpgsqlConnectionStringBuilder(connection) { Database = database }.ToString();
            Child[] gateways = await Task.WhenAll(names.Select(name => Child.StartAsync("replica", stub, name, own)));
            return new(own, gateways, await Child.StartAsync(["balancer", .. gateways.Select(gateway => gateway.Address)]));
        }

        public async ValueTask DisposeAsync()
        {
            await Balancer.DisposeAsync();
            foreach (Child gateway in Gateways) await gateway.DisposeAsync();
        }
    }
}
