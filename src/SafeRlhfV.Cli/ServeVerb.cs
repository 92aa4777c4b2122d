using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using SafeRlhfV.Data;
using SafeRlhfV.Gateway;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

internal static class ServeVerb
{
    public static Command Create()
    {
        Option<FileInfo?> config = new("--config") { Description = "The gateway's YAML file; recipes/gateway.yaml shows every key." };
        Option<bool> check = new("--check") { Description = "Only check the file and what it names." };
        Option<string?> newKey = new("--new-key") { Description = "Make an API key of this name: prints the key, and the lines for the file." };
        Option<bool> publish = new("--publish")
        {
            Description = "Put the file's keys and policy in force at all gateways on its database (replicas), and end.",
        };
        Command command = new("serve", "Put a guarded, OpenAI-compatible gateway before any model. Example: safe-rlhf-v serve --config recipes/gateway.yaml")
        {
            config, check, newKey, publish,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(newKey) is { } name)
            {
                (string key, string hash) = GatewayKey.Create();
                Output.Line($"{key}\n  - {{ name: {name}, hash: {hash} }}");
                Output.Note("the key is shown this once; only its hash goes into the file, under keys.");
                return 0;
            }
            FileInfo file = parsed.GetValue(config) ?? throw new InvalidInputException("serve needs --config FILE; recipes/gateway.yaml is one to begin with.");
            GatewaySettings settings = GatewaySettingsReader.Load(file.FullName);
            if (parsed.GetValue(publish))
            {
                (long keys, long policy) = GatewayPublication.Publish(settings);
                Output.Line($"in force: version {keys} of the keys, version {policy} of the policy");
                return 0;
            }
            if (settings.Upstreams.Any(one => one.Checkpoint is not null) || settings.Moderators.Any(one => one.IsLocal)) NativeTuning.Apply();
            GatewayParts parts = new() { OpenChat = folder => LocalChatClient.Load(folder), ShowImage = ImageDecodeAll.Of };
            await using WebApplication app = GatewayHost.Build(settings, parts);
            foreach (KeySettings key in settings.Keys.Where(key => key.Hash.All(digit => digit == '0')))
                Output.Note($"safe-rlhf-v: the key '{key.Name}' has the example's hash of zeros, which no key has; 'serve --new-key {key.Name}' makes one.");
            if (parsed.GetValue(check))
            {
                Output.Line($"{file.Name} is sound: {Count(settings.Models, "model")}, {Count(settings.Upstreams, "upstream")}, "
                    + $"{Count(settings.Moderators, "moderator")}, {Count(settings.Keys, "key")}");
                return 0;
            }
            await GatewayHost.StartAsync(app, cancellationToken);
            if (settings.AuditTrail is null) Output.Note($"warning: {file.Name} has no 'audit': nothing is recorded.");
            foreach (string address in app.Urls) Output.Note($"serving on {address}; Ctrl-C ends it");
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                await GatewayHost.StopAsync(app);
            }
            return 0;
        });
        return command;
    }

    private static string Count<T>(IReadOnlyCollection<T> items, string what) => $"{items.Count} {what}{(items.Count == 1 ? "" : "s")}";
}
