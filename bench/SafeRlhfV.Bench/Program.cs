using System.CommandLine;
using SafeRlhfV.Bench;
using SafeRlhfV.Cli;

// './safe-rlhf-v bench' runs this program: what it times is the product's, but no user of the product needs it
RootCommand commands = new("Times the work of safe-rlhf-v.") { BenchVerb.Create() };
commands.HelpName = "safe-rlhf-v";
return await CliHost.RunAsync(commands, args);
