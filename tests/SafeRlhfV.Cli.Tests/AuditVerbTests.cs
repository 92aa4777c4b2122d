using System.Text.Json;
using SafeRlhfV.Audit;
using SafeRlhfV.Audit.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class AuditVerbTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryChainIsVerifiedAndTheLastAnchorCoversThemAll()
    {
        string connection = await CreateDatabaseAsync();
        await using AuditDatabase database = AuditDatabase.Postgres(connection);
        foreach (string chain in (string[])["gw-1", "gw-2"])
        {
            await using AuditTrail trail = new(database, new() { Chain = chain });
            await trail.ReviewedAsync($"a request of {chain}", "ann", false, null, null, Cancel);
            await trail.AnchorAsync(Cancel);
        }
        string address = $"postgres:{connection}";
        (int code, JsonElement check) = await CapturedConsole.JsonAsync("audit", "verify", address);
        string head = check.GetProperty("head").GetString()!;
        Assert.Equal((0, true), (code, check.GetProperty("whole").GetBoolean()));
        Assert.StartsWith("anchors:", head);
        Assert.Equal(["anchors", "gw-1", "gw-2"], check.GetProperty("chains").EnumerateArray().Select(chain => chain.GetProperty("name").GetString()).Order());

        await PostgresServer.QueryAsync(connection, "DELETE FROM guard_audit WHERE chain = 'gw-1'; DELETE FROM guard_audit_mark WHERE name LIKE '%/gw-1'");
        (code, string output, _) = await CapturedConsole.RunAsync("audit", "verify", address, "--expect", head);
        Assert.Equal(1, code);
        Assert.Contains("chain gw-1: is gone; its anchors name record 1", output, StringComparison.Ordinal);
        await PostgresServer.QueryAsync(connection, "DELETE FROM guard_audit; DELETE FROM guard_audit_mark");
        (code, output, _) = await CapturedConsole.RunAsync("audit", "verify", address);
        Assert.Equal(1, code);
        Assert.Contains("the trail is empty", output, StringComparison.Ordinal);
        Assert.Equal(1, (await CapturedConsole.RunAsync("audit", "verify", address, "--expect", head)).Code);
    }

    [Theory]
    [InlineData("12", "is no head; give NUMBER:HASH or CHAIN:NUMBER:HASH")]
    [InlineData("a:b:1:0000000000000000000000000000000000000000000000000000000000000000", "is no head")]
    [InlineData("gw-1:1:0000000000000000000000000000000000000000000000000000000000000000", "The noted head is of chain 'gw-1', but a trail in SQLite has one")]
    public async Task AHeadThatCannotBeMeantIsRefused(string head, string said)
    {
        using TemporaryFolder folder = new();
        await using (AuditDatabase database = AuditDatabase.Sqlite(folder.At("audit.db")))
        await using (AuditTrail trail = new(database)) await trail.ReviewedAsync("request", "ann", false, null, null, Cancel);
        (int code, _, string error) = await CapturedConsole.RunAsync("audit", "verify", $"sqlite:{folder.At("audit.db")}", "--expect", head);
        Assert.Equal(2, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify", "this is no database at all, but a text that somebody has put here", "cannot be read as an audit trail")]
    [InlineData("export", "this is no database at all, but a text that somebody has put here", "cannot be read as an audit trail")]
    [InlineData("verify", "", "holds no audit trail")]
    [InlineData("verify", null, "audit.db: no such file.")]
    public async Task WhatIsNoTrailIsToldInOneLine(string verb, string? content, string said)
    {
        using TemporaryFolder folder = new();
        if (content is not null) await File.WriteAllTextAsync(folder.At("audit.db"), content, Cancel);
        (int code, _, string error) = await CapturedConsole.RunAsync("audit", verb, $"sqlite:{folder.At("audit.db")}");
        Assert.Equal(2, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal(content, content is null ? null : await File.ReadAllTextAsync(folder.At("audit.db"), Cancel)); // reading makes no tables
    }

    // From the key to the proof, as docs/audit.md shows it.
    [Fact]
    public async Task AnAuditorProvesErasesAndExportsATrail()
    {
        using TemporaryFolder folder = new();
        string address = $"sqlite:{folder.At("audit.db")}";
        await RecordAsync(address, 3);
        (int code, string output, _) = await CapturedConsole.RunAsync("audit", "key", "--name", "gateway.example/audit", "--out", folder.At("signing.key"));
        Assert.Equal(0, code);
        await File.WriteAllTextAsync(folder.At("audit.pub"), output, Cancel);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.At("signing.key")));
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "key", "--name", "again", "--out", folder.At("signing.key"))).Code);
        string[] sign = ["audit", "checkpoint", address, "--signing-key", folder.At("signing.key"), "--out", folder.At("notes")];
        Assert.Equal(0, (await CapturedConsole.RunAsync(sign)).Code);
        await RecordAsync(address, 2);
        Assert.Equal(0, (await CapturedConsole.RunAsync(sign)).Code);

        string older = folder.At("notes", "main-3.txt"), newer = folder.At("notes", "main-5.txt");
        string[] both = ["--older", older, "--newer", newer, "--public-key", folder.At("audit.pub")];
        (code, output, _) = await CapturedConsole.RunAsync(["audit", "prove", "--trail", address, .. both]);
        Assert.Equal(0, code);
        await File.WriteAllTextAsync(folder.At("proof.json"), output, Cancel);
        Assert.Equal(0, (await CapturedConsole.RunAsync(["audit", "prove", "--proof", folder.At("proof.json"), .. both])).Code);
        await File.WriteAllTextAsync(folder.At("proof.json"), "[]", Cancel);
        Assert.Equal(1, (await CapturedConsole.RunAsync(["audit", "prove", "--proof", folder.At("proof.json"), .. both])).Code);

        (code, output, _) = await CapturedConsole.RunAsync("audit", "forget", address, "--request", "request 0", "--by", "ann", "--reason", "asked for");
        Assert.Equal((0, "erased 2 records of 1 request, and 0 texts and images"), (code, output.Trim()));
        (code, output, _) = await CapturedConsole.RunAsync("audit", "verify", address, "--public-key", folder.At("audit.pub"),
            "--checkpoint", older, "--checkpoint", newer);
        Assert.True(code == 0, output);
        Assert.Contains("erased 2", output, StringComparison.Ordinal);
        Assert.Contains("2 checkpoints signed by gateway.example/audit, 1 record younger", output, StringComparison.Ordinal);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "hold", address, "--name", "", "--by", "ann", "--reason", "court order")).Code);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "forget", address, "--request", "", "--by", "ann", "--reason", "asked for")).Code);
        Assert.Equal(0, (await CapturedConsole.RunAsync("audit", "hold", address, "--name", "case-12", "--by", "ann", "--reason", "court order")).Code);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "forget", address, "--request", "request 1", "--by", "ann", "--reason", "asked for")).Code);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "retain", address, "--days", "1")).Code);
        string[] release = ["audit", "hold", address, "--name", "case-12", "--release", "--by", "ann", "--reason", "settled"];
        Assert.Equal(0, (await CapturedConsole.RunAsync(release)).Code);
        Assert.Equal(0, (await CapturedConsole.RunAsync("audit", "retain", address, "--days", "1")).Code);
        Assert.Equal(0, (await CapturedConsole.RunAsync("audit", "export", address, "--bundle", folder.At("bundle"), "--signing-key",
            folder.At("signing.key"))).Code);
        (code, output, _) = await CapturedConsole.RunAsync("audit", "verify", "--bundle", folder.At("bundle"), "--public-key", folder.At("audit.pub"));
        Assert.True(code == 0, output);
        Assert.Contains(": whole", output, StringComparison.Ordinal);
        await File.AppendAllTextAsync(folder.At("bundle", "records.jsonl"), "{}\n", Cancel);
        Assert.Equal(1, (await CapturedConsole.RunAsync("audit", "verify", "--bundle", folder.At("bundle"), "--public-key", folder.At("audit.pub"))).Code);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "verify", "--bundle", folder.At("bundle"))).Code);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "verify")).Code);
        Assert.Equal(2, (await CapturedConsole.RunAsync("audit", "export", address, "--since", "soon")).Code);
        string[] export = ["audit", "export", address, "--format", "ocsf", "--since", "2020-01-01", "--out", folder.At("events.jsonl")];
        Assert.Equal(0, (await CapturedConsole.RunAsync(export)).Code);
        Assert.Contains("\"class_uid\":6003", await File.ReadAllTextAsync(folder.At("events.jsonl"), Cancel), StringComparison.Ordinal);
    }

    private static async Task RecordAsync(string address, int records)
    {
        await using AuditDatabase database = AuditDatabase.Of(address);
        await using AuditTrail trail = new(database);
        for (int i = 0; i < records; i++) await trail.ReviewedAsync($"request {i}", "ann", false, null, null, Cancel);
    }

    [Fact]
    public async Task KeysAndPolicyOfAFileArePublished()
    {
        using TemporaryFolder folder = new();
        string yaml = $$"""
            moderators: [ { kind: patterns, category: c, keywords: [ k ] } ]
            upstreams: [ { name: u, endpoint: "http://127.0.0.1:9/v1" } ]
            models: [ { name: m, upstreams: [ u ] } ]
            keys: [ { name: k, hash: {{new string('0', 64)}} } ]
            audit: { trail: "postgres:{{await CreateDatabaseAsync()}}" }
            """;
        await File.WriteAllTextAsync(folder.At("gateway.yaml"), yaml, Cancel);
        string[] publish = ["serve", "--config", folder.At("gateway.yaml"), "--publish"];
        (int code, _, string error) = await CapturedConsole.RunAsync(publish);
        Assert.Equal(2, code);
        Assert.Contains("there are no replicas to publish to", error, StringComparison.Ordinal);

        await File.WriteAllTextAsync(folder.At("gateway.yaml"), yaml + "\nreplicas: { name: a }", Cancel);
        Assert.Contains("version 1 of the keys, version 1 of the policy", (await CapturedConsole.RunAsync(publish)).Output, StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder.At("gateway.yaml"), yaml.Replace("name: k, hash: 0", "name: k, hash: 1") + "\nreplicas: { name: a }", Cancel);
        Assert.Contains("version 2 of the keys, version 1 of the policy", (await CapturedConsole.RunAsync(publish)).Output, StringComparison.Ordinal);
    }

    private async Task<string> CreateDatabaseAsync()
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        return await postgres.CreateDatabaseAsync();
    }
}
