using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
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

    [Theory]
    [InlineData("https://127.0.0.1:8443", "https needs the section tls")]
    [InlineData("http://127.0.0.1:8080/base", "must be scheme, host and port alone")]
    [InlineData("http://127.0.0.1:8080/?a=b", "must be scheme, host and port alone")]
    [InlineData("http://127.0.0.1:8080\ntls: { certificate: c.pem }", "listen is an http address")]
    public void AnAddressThatCannotBeListenedOnIsRefused(string listen, string fault)
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => GatewaySettingsReader.Parse(Sound(listen), "gateway.yaml"));
        Assert.Contains(fault, error.Message);
    }

    [Fact]
    public void ACertificateThatIsNoneIsRefused()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("c.pem"), "nothing");
        GatewaySettings settings = GatewaySettingsReader.Parse(Sound("https://127.0.0.1:0\ntls: { certificate: c.pem }"), "gateway.yaml", folder.Path);
        Assert.Contains("give no certificate", Assert.Throws<InvalidInputException>(() => GatewayHost.Build(settings)).Message);
    }

    // The certificate is renewed while the gateway runs.
    [Fact]
    public async Task AGatewayListensOnHttps()
    {
        using TemporaryFolder folder = new();
        using RSA key = RSA.Create(2048);
        using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(folder.At("c.pem"), made.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.At("k.pem"), key.ExportEncryptedPkcs8PrivateKeyPem("open",
            new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.At("password"), "open\n", TestContext.Current.CancellationToken);
        GatewaySettings settings = GatewaySettingsReader.Parse(
            Sound("https://127.0.0.1:0\ntls: { certificate: c.pem, key: k.pem, password_file: password }"), "gateway.yaml", folder.Path);
        await using WebApplication app = GatewayHost.Build(settings);
        await app.StartAsync(TestContext.Current.CancellationToken);
        string? shown = null;
        using HttpClient http = new(new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) => (shown = certificate?.Thumbprint) is not null,
        });
        Assert.Contains("ok", await http.GetStringAsync($"{app.Urls.First()}/healthz", TestContext.Current.CancellationToken));
        Assert.Equal(made.Thumbprint, shown);

        // by HTTP/2 as well, which clients negotiate
        using HttpRequestMessage second = new(HttpMethod.Get, $"{app.Urls.First()}/healthz")
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage answer = await http.SendAsync(second, TestContext.Current.CancellationToken);
        Assert.Equal((200, 2), ((int)answer.StatusCode, answer.Version.Major));
    }

    [Theory]
    [InlineData("secret", "the secret\n", null)]
    [InlineData("secret", "", "the file secret is empty")]
    [InlineData("secret", null, "the file secret cannot be read")]
    public void ASecretMayStandInAFile(string name, string? content, string? fault)
    {
        using TemporaryFolder folder = new();
        if (content is not null) File.WriteAllText(folder.At(name), content);
        string yaml = Sound("http://127.0.0.1:0").Replace("endpoint: \"http://127.0.0.1:9/v1\"", $"endpoint: \"http://127.0.0.1:9/v1\", key_file: {name}");
        if (fault is null) Assert.Equal("the secret", GatewaySettingsReader.Parse(yaml, "gateway.yaml", folder.Path).Upstreams[0].Key);
        else
            Assert.Contains(fault, Assert.Throws<InvalidInputException>(() => GatewaySettingsReader.Parse(yaml, "gateway.yaml", folder.Path)).Message);
    }

    private static string Sound(string listen) => $$"""
        listen: {{listen}}
        moderators: [ { kind: patterns, category: dangerous_behavior, keywords: [ k ] } ]
        upstreams: [ { name: here, endpoint: "http://127.0.0.1:9/v1" } ]
        models: [ { name: ours, upstreams: [ here ] } ]
        keys: [ { name: tester, hash: {{new string('0', 64)}} } ]
        """;

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
