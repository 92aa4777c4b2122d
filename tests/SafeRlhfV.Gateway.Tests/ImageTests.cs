using System.Buffers.Binary;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway.Tests;

public sealed class ImageTests
{
    private static readonly byte[] Pixel =
        Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    // Whoever decodes says that the file shows a red and a blue image.
    private static IEnumerable<RgbImage> Two(ReadOnlyMemory<byte> bytes, int most) => [new(1, 1, [255, 0, 0]), new(1, 1, [0, 0, 255])];

    private static readonly byte[] Animation =
        [.. "GIF89a"u8, 1, 0, 1, 0, 0, 0, 0, .. Enumerable.Repeat((byte[])[0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0], 2).SelectMany(frame => frame), 0x3B];

    [Fact]
    public async Task AllThatAnImageCanShowIsJudged()
    {
        foreach (byte[] file in (byte[][])[Pixel, Animation])
        {
            using ImageGate gate = new(new(), Two);
            OpenedImage opened = await gate.OpenAsync($"data:image/png;base64,{Convert.ToBase64String(file)}", "p", new(2), default);
            Assert.Equal(file, opened.Bytes);
            Assert.Equal(2, opened.Pixels);
            Assert.Equal(2, opened.Judged.Count());
            Assert.All(opened.Judged, image => Assert.Equal("PNG", ImageHeader.Read(image.Encoded!.Bytes)!.Format));
            ShownImageContent content = Assert.IsType<ShownImageContent>(opened.ToContent());
            Assert.Equal(file, content.Data.ToArray());
            Assert.Equal("images_too_large", await CodeAsync(gate, file, 1));
        }
        using ImageGate one = new(new(), (_, _) => [new(1, 1, [255, 0, 0])]);
        Assert.Empty((await one.OpenAsync($"data:image/png;base64,{Convert.ToBase64String(Pixel)}", "p", new(1), default)).Shown);
    }

    [Fact]
    public async Task WhatMayShowMoreIsRefusedWhereTheSettingSaysSo()
    {
        using ImageGate plain = new(new()), animations = new(new() { Animations = ImageUse.Refuse }, Two), few = new(new() { ImageFrames = 1 }, Two);
        foreach (ImageGate gate in (ImageGate[])[plain, animations, few]) Assert.Equal("animated_image", await CodeAsync(gate, Animation, 9));
        using ImageGate transparent = new(new() { Transparency = ImageUse.Refuse }, Two);
        Assert.Equal("transparent_image", await CodeAsync(transparent, Pixel, 9));
        using ImageGate failing = new(new(), (_, _) => throw new InvalidInputException("broken"));
        Assert.Equal("invalid_image", await CodeAsync(failing, Pixel, 9));
    }

    private static async Task<string> CodeAsync(ImageGate gate, byte[] file, long budget)
    {
        string url = $"data:image/png;base64,{Convert.ToBase64String(file)}";
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync(url, "p", new(budget), default));
        return error.ToJson()["error"]!["code"]!.GetValue<string>();
    }

    // A flat image of 40 megapixels is a small file: 16 of them would be 2 GB of pixels.
    [Theory]
    [InlineData(16, 6300, true)]
    [InlineData(2, 6300, true)]
    [InlineData(1, 6300, false)]
    [InlineData(16, 2000, false)]
    public async Task ManyPixelsOfOneRequestAreRefusedBeforeTheyAreDecoded(int images, int size, bool isRefused)
    {
        byte[] large = [.. Pixel];
        BinaryPrimitives.WriteInt32BigEndian(large.AsSpan(16), size);
        BinaryPrimitives.WriteInt32BigEndian(large.AsSpan(20), size);
        string url = $"data:image/png;base64,{Convert.ToBase64String(large)}";
        JsonObject image = new() { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = url } };
        JsonArray parts = [.. Enumerable.Range(0, images).Select(_ => image.DeepClone())];
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = new()
        {
            ["model"] = "ours",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = parts.DeepClone() }),
        };
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", body.ToJsonString());
        Assert.Equal(isRefused ? "images_too_large" : null, answer!["error"]?["code"]?.GetValue<string>());
        Assert.Equal(isRefused ? 400 : 200, status);
        (status, _) = await gateway.PostAsync("/v1/moderations", new JsonObject { ["input"] = parts }.ToJsonString());
        Assert.Equal(isRefused ? 400 : 200, status);
    }

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
        string address = url.Replace("{port}", host.Port.ToString());
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync(address, "p", new(long.MaxValue), default));
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
        Assert.Equal(400, (await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync(url, "p", new(long.MaxValue), default))).Status);
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
        using ImageGate gate = new(new() { ImageUrls = true, ImageBytes = 100_000, ImageTimeout = TimeSpan.FromSeconds(1) }, isAllowed: _ => true);
        Assert.Equal(Pixel, (await gate.OpenAsync($"http://127.0.0.1:{host.Port}/a.png", "p", new(long.MaxValue), default)).Bytes);
        foreach (string path in (string[])["redirect", "text", "giant", "slow", "missing"])
        {
            string address = $"http://127.0.0.1:{host.Port}/{path}";
            Assert.Equal(400, (await Assert.ThrowsAsync<ApiException>(() => gate.OpenAsync(address, "p", new(long.MaxValue), default))).Status);
        }
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
