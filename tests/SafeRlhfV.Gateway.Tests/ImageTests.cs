using System.Net;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class ImageTests
{
    private static readonly byte[] Pixel = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("8.8.8.8", true)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2606:4700:4700::1111", true)]
    public void OnlyPublicAddressesArePublic(string address, bool expected) => Assert.Equal(expected, PublicAddress.Is(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1:{port}/a.png")]
    [InlineData("http://localhost:{port}/a.png")]
    [InlineData("http://[::ffff:127.0.0.1]:{port}/a.png")]
    [InlineData("http://2130706433:{port}/a.png")]
    [InlineData("http://0x7f.1:{port}/a.png")]
    public async Task NoPrivateAddressIsReached(string url)
    {
        await using Host host = await Host.StartAsync(http => http.Response.Body.WriteAsync(Pixel).AsTask());
        using ImageGate gate = new(new() { ImageUrls = true, ImageTimeout = TimeSpan.FromSeconds(3) });
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync(url.Replace("{port}", host.Port.ToString()), "p", default));
        Assert.Equal(400, error.Status);
        Assert.Equal(0, host.Requests);
    }

    [Theory]
    [InlineData("ftp://example.org/a.png")]
    [InlineData("file:///etc/hostname")]
    [InlineData("http://user:word@example.org/a.png")]
    [InlineData("//example.org/a.png")]
    [InlineData("a.png")]
    public async Task OnlyPlainWebAddressesAreTaken(string url)
    {
        using ImageGate gate = new(new() { ImageUrls = true });
        Assert.Equal(400, (await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync(url, "p", default))).Status);
    }

    [Fact]
    public async Task RedirectsGiantsAndOtherThingsAreNotTaken()
    {
        await using Host host = await Host.StartAsync(async http =>
        {
            switch (http.Request.Path)
            {
                case "/a.png": await http.Response.Body.WriteAsync(Pixel); break;
                case "/redirect": http.Response.Redirect("/a.png"); break;
                case "/text": await http.Response.WriteAsync("hello"); break;
                case "/giant":
                    for (int i = 0; i < 100; i++) await http.Response.Body.WriteAsync(new byte[10_000]);
                    break;
                case "/slow": await Task.Delay(5000, http.RequestAborted).ContinueWith(_ => { }); break;
            }
        });
        using ImageGate gate = new(new() { ImageUrls = true, ImageBytes = 100_000, ImageTimeout = TimeSpan.FromSeconds(1) }, _ => true);
        Assert.Equal(Pixel, (await gate.OpenAsync($"http://127.0.0.1:{host.Port}/a.png", "p", default)).Bytes);
        foreach (string path in (string[])["redirect", "text", "giant", "slow", "missing"])
            Assert.Equal(400, (await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync($"http://127.0.0.1:{host.Port}/{path}", "p", default))).Status);
    }

    [Fact]
    public void TheSizesOfAllReferenceImagesAreRead()
    {
        int read = 0;
        foreach ((string name, JsonNode? facts) in JsonNode.Parse(File.ReadAllText(Golden.At("images", "images.json")))!.AsObject())
        {
            if (facts?["size_wh"] is not JsonArray size) continue;
            ImageHeader? header = ImageHeader.Read(File.ReadAllBytes(Golden.At("images", name)));
            Assert.Equal((name, size[0]!.GetValue<long>(), size[1]!.GetValue<long>()), (name, header?.Width ?? 0, header?.Height ?? 0));
            read++;
        }
        Assert.True(read > 0);
    }

    // A header that is cut or garbled anywhere is never read as something it is not allowed to be.
    [Fact]
    public void HeadersAreReadWithoutDecoding()
    {
        Assert.Equal(new ImageHeader("image/png", 1, 1), ImageHeader.Read(Pixel));
        byte[] jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC2, 0, 11, 8, 0x01, 0x02, 0x03, 0x04, 1, 1, 0x11, 0];
        Assert.Equal(new ImageHeader("image/jpeg", 0x0304, 0x0102), ImageHeader.Read(jpeg));
        byte[] gif = [.. "GIF89a"u8, 5, 0, 6, 0, 0, 0, 0];
        Assert.Equal(new ImageHeader("image/gif", 5, 6), ImageHeader.Read(gif));
        byte[] webp = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBPVP8X"u8, 10, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 19, 0, 0];
        Assert.Equal(new ImageHeader("image/webp", 10, 20), ImageHeader.Read(webp));
        byte[][] all = [Pixel, jpeg, gif, webp];
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 80], Gen.Int[0, 80], Gen.Byte).Sample((which, cut, at, value) =>
        {
            byte[] bytes = all[which][..Math.Min(cut, all[which].Length)];
            if (at < bytes.Length) bytes[at] = value;
            ImageHeader? header = ImageHeader.Read(bytes);
            Assert.True(header is null or { Width: > 0, Height: > 0 });
        });
    }

    private sealed class Host(WebApplication app) : IAsyncDisposable
    {
        public int Requests { get; private set; }

        public int Port => new Uri(app.Urls.First()).Port;

        public static async Task<Host> StartAsync(Func<HttpContext, Task> answer)
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Services.AddRouting();
            WebApplication app = builder.Build();
            Host host = new(app);
            app.Run(http =>
            {
                host.Requests++;
                return answer(http);
            });
            await app.StartAsync();
            return host;
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(new CancellationToken(true));
            await app.DisposeAsync();
        }
    }
}
