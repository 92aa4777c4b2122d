using SafeRlhfV.Cli;

return await CliHost.RunAsync(args);
