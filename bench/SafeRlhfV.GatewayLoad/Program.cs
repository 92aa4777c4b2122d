using SafeRlhfV.GatewayLoad;

// One program in several processes: the load itself starts the others (stub, proxy, gateway) on loopback, and ends them.
return args switch
{
    ["stub"] => await Servers.StubAsync(),
    ["proxy", string upstream] => await Servers.ProxyAsync(upstream),
    ["gateway", string upstream] => await Servers.GatewayAsync(upstream, null),
    ["gateway", string upstream, string guard] => await Servers.GatewayAsync(upstream, guard),
    _ => await Bench.RunAsync(BenchOptions.Parse(args)),
};
