using System.CommandLine;
using SafeRlhfV.Bench;
using SafeRlhfV.Cli;

// './safe-rlhf-v bench' runs this program. It times the product's own code; the product does not ship the workloads.
RootCommand commands = new("Times the work of safe-rlhf-v.") { BenchVerb.Create() };
commands.HelpName = "safe-rlhf-v";
return await CliHost.RunAsync(commands, args);
