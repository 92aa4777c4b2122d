using SafeRlhfV.Guard;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void TheRecipesAreSound()
    {
        GatewaySettings settings = GatewaySettingsReader.Load(Path.Combine(Golden.RepositoryRoot(), "recipes", "gateway.yaml"));
        Assert.Equal(TimeSpan.FromDays(365), settings.Audit.RecordRetention);
        Assert.Equal("example", PolicyReader.Load(settings.Policy!).Version.Split('@')[0]);
    }

    /// <summary>The gateway runs no models: a host that says not how they are opened refuses checkpoints by their folder.</summary>
    [Fact]
    public void CheckpointsAreRefusedWhereNobodyOpensThem()
    {
        GatewaySettings settings = GatewaySettingsReader.Parse($$"""
            moderators: [ { kind: patterns, category: c, keywords: [ k ] } ]
            upstreams: [ { name: here, checkpoint: chat } ]
            models: [ { name: ours, upstreams: [ here ] } ]
            keys: [ { name: tester, hash: {{new string('0', 64)}} } ]
            """);
        Assert.Contains("chat: this gateway runs no local checkpoints", Assert.Throws<InvalidInputException>(() => GatewayHost.Build(settings)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AllFaultsAreNamedWithTheirLines()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => GatewaySettingsReader.Parse("""
            listen: nowhere
            moderators:
              - { kind: magic }
              - { kind: openai }
              - { kind: patterns, category: c, patterns: [ '(' ] }
            upstreams:
              - { name: a, endpoint: "not an address" }
              - { name: a, checkpoint: x, timeout: soon, key_env: SAFERLHFV_NOT_SET }
            models:
              - { name: m, upstreams: [ b ] }
            keys:
              - { name: k, hash: short, requests_per_minute: 0 }
            audit: { trail: "mysql:x", texts: some }
            colour: red
            telemetry: { otlp: { interval: 30d } }
            """, "gateway.yaml"));
        foreach (string part in (string[])["line 1: listen", "line 3: moderators[0].kind", "line 4: moderators[1].endpoint: is missing",
            "line 5: moderators[2].patterns", "line 7: upstreams[0].endpoint", "the name a is taken", "line 8: upstreams[1].timeout",
            "SAFERLHFV_NOT_SET is not set", "line 10: models[0].upstreams", "line 12: keys[0].hash", "line 12: keys[0].requests_per_minute",
            "line 13: audit.trail", "line 13: audit.texts", "line 14: colour", "line 15: telemetry.otlp.endpoint: is missing",
            "line 15: telemetry.otlp.interval"])
            Assert.Contains(part, error.Message);
    }
}
