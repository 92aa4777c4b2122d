using SafeRlhfV.GatewayLoad;

// One program in several processes: the load itself starts the others (stub, proxy, balancer, gateways) on loopback, and ends them.
return args switch
{
    ["stub"] => await Servers.StubAsync(),
    ["proxy", string upstream] => await Servers.ProxyAsync(upstream),
    ["gateway", string upstream] => await Servers.GatewayAsync(upstream, null),
    ["replica", string upstream, string name, string connection] => await Servers.ReplicaAsync(upstream, name, connection),
    ["balancer", .. string[] gateways] => await Servers.BalancerAsync(gateways),
    ["replicas", string connection, .. string[] options] => await ReplicaBench.RunAsync(connection, BenchOptions.Parse(options)),
    ["gateway", string upstream, string guard] => await Servers.GatewayAsync(upstream, guard),
    _ => await Bench.RunAsync(BenchOptions.Parse(args)),
};
