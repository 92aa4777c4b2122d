using SafeRlhfV.GatewayLoad;

// One program in several processes: the load itself starts the others (stub, proxy, balancer, gateways) on loopback, and ends them.
try
{
    return await RunAsync(args);
}
catch (InvalidInputException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

static async Task<int> RunAsync(string[] args) => args switch
{
    ["stub"] => await Servers.StubAsync(),
    ["proxy", string upstream] => await Servers.ProxyAsync(upstream),
    ["gateway", string upstream, string audit, .. string[] guard] => await Servers.GatewayAsync(upstream, audit == "audit", guard.SingleOrDefault()),
    ["replica", string upstream, string name, string connection] => await Servers.ReplicaAsync(upstream, name, connection),
    ["balancer", .. string[] gateways] => await Servers.BalancerAsync(gateways),
    ["replicas", string connection, .. string[] options] => await ReplicaBench.RunAsync(connection, BenchOptions.Parse(options)),
    _ => await Bench.RunAsync(BenchOptions.Parse(args)),
};
