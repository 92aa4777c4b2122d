using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.GatewayLoad;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>What <c>bench/gateway.sh</c> sends passes the gateway before its stub, whole and streamed, on each wire.</summary>
public sealed class BenchWireTests
{
    private const string Image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/q842iQAAAABJRU5ErkJggg==";

    public static TheoryData<string> Names { get; } = [.. BenchWire.All.Select(wire => wire.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task ARequestOfEachWirePasses(string name)
    {
        BenchWire wire = BenchWire.All.Single(one => one.Name == name);
        await using WebApplication stub = await StartAsync();
        string more = $"  - {"{"} name: bench, endpoint: \"{stub.Urls.First()}/v1\" {"}"}";
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstreams: more, models: "  - { name: stub, upstreams: [ bench ] }");
        foreach (string? image in wire.Name == "embeddings" ? (string?[])[null] : [null, Image])
        {
            using HttpResponseMessage whole = await gateway.SendAsync(wire.Path, Encoding.UTF8.GetString(wire.Body("Is it well?", image, stream: false)));
            Assert.True(whole.IsSuccessStatusCode, await whole.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal("Passed", whole.Headers.GetValues("x-guard-outcome").Single());
            if (wire.StreamEnd is null) continue;
            using HttpResponseMessage stream = await gateway.SendAsync(wire.Path, Encoding.UTF8.GetString(wire.Body("Is it well?", image, stream: true)));
            string text = await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(wire.IsWhole(text), text);
        }
        Assert.All(await gateway.OutcomesAsync(), outcome => Assert.Equal("Passed", outcome));
    }

    private static async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        Stub.Map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
