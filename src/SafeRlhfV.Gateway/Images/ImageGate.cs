using System.Net;
using System.Net.Sockets;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Lets images in: from data URIs, and where the settings allow it from public addresses; never more bytes or pixels than allowed.</summary>
internal sealed class ImageGate : IDisposable
{
    private readonly LimitSettings limits;
    private readonly HttpClient http;
    private readonly Func<ReadOnlyMemory<byte>, int, IEnumerable<RgbImage>>? show;
    private readonly SemaphoreSlim decoders = new(Math.Max(1, Environment.ProcessorCount / 2)); // an image of many pixels takes as much memory

    /// <param name="limits">What is allowed.</param>
    /// <param name="show">As <see cref="GatewayParts.ShowImage"/>.</param>
    /// <param name="isAllowed">Which addresses may be fetched from; public ones by default.</param>
    public ImageGate(LimitSettings limits, Func<ReadOnlyMemory<byte>, int, IEnumerable<RgbImage>>? show = null, Func<IPAddress, bool>? isAllowed = null)
    {
        (this.limits, this.show) = (limits, show);
        Func<IPAddress, bool> allowed = isAllowed ?? PublicAddress.Is;
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            ConnectCallback = (context, token) => ConnectAsync(context.DnsEndPoint, allowed, token),
        };
        http = new(handler) { Timeout = limits.ImageTimeout, MaxResponseContentBufferSize = limits.ImageBytes };
    }

    /// <summary>The image behind an address or data URI.</summary>
    /// <exception cref="ApiException">It is not allowed, too large, or no image.</exception>
    public async Task<OpenedImage> OpenAsync(string url, string param, PixelBudget budget, CancellationToken cancellationToken)
    {
        byte[] bytes = url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? Decode(url, param) : await FetchAsync(url, param, cancellationToken);
        if (ImageHeader.Read(bytes) is not { Format: not "BMP" } header)
            throw ApiException.Invalid("This is no PNG, JPEG, GIF or WebP image.", param, "invalid_image");
        long pixels = (long)header.Width * header.Height;
        if (pixels > limits.ImagePixels)
            throw ApiException.Invalid($"The image has {header.Width} x {header.Height} pixels; {limits.ImagePixels} are allowed.", param, "image_too_large");
        int frames = ImageFrames.Count(bytes);
        if (frames > 1 && (show is null || limits.Animations == ImageUse.Refuse || header.Format == "PNG"))
            throw ApiException.Invalid("Animated images of this kind are not judged here; send a single frame.", param, "animated_image");
        if (frames > limits.ImageFrames)
            throw ApiException.Invalid($"The image has {frames} frames; {limits.ImageFrames} are allowed.", param, "animated_image");
        bool isTransparent = ImageTransparency.IsPossible(bytes);
        if (isTransparent && limits.Transparency == ImageUse.Refuse)
            throw ApiException.Invalid("The image may be transparent; send one without transparency.", param, "transparent_image");
        budget.Spend(pixels * frames, param);
        if (show is null || (frames == 1 && !isTransparent)) return new(bytes, header.MediaType, pixels);
        IReadOnlyList<ModerationImage> shown = await ShowAsync(bytes, pixels, frames, param, budget, cancellationToken);
        return new(bytes, header.MediaType, pixels * Math.Max(frames, shown.Count)) { Shown = shown };
    }

    /// <summary>The error for a request with more images than allowed.</summary>
    public ApiException TooMany(string param) => ApiException.Invalid(
        limits.Images == 0 ? "No images are taken here; send text alone (limits.images is 0)."
            : $"The request has more than {limits.Images} image{(limits.Images == 1 ? "" : "s")}, the most that are taken here (limits.images).",
        param, "too_many_images");

    public void Dispose()
    {
        http.Dispose();
        decoders.Dispose();
    }

    // One image is decoded at a time, and kept as a PNG. Nothing is shown where the file shows one image alone.
    private async Task<IReadOnlyList<ModerationImage>> ShowAsync(byte[] bytes, long pixels, int frames, string param, PixelBudget budget,
        CancellationToken cancellationToken)
    {
        await decoders.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() =>
            {
                List<ModerationImage> shown = [];
                foreach (RgbImage image in show!(bytes, limits.ImageFrames))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (shown.Count >= frames) budget.Spend(pixels, param);
                    shown.Add(new(new EncodedImage(PngBytes.Encode(image), null)) { MediaType = "image/png" });
                }
                return shown.Count > 1 || frames > 1 ? shown : (IReadOnlyList<ModerationImage>)[];
            }, cancellationToken);
        }
        catch (InvalidInputException error)
        {
            throw ApiException.Invalid($"The image cannot be read: {error.Message}", param, "invalid_image");
        }
        finally
        {
            decoders.Release();
        }
    }

    private byte[] Decode(string url, string param)
    {
        int comma = url.IndexOf(',');
        if (comma < 0 || !url.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
            throw ApiException.Invalid("A data URI must be written as data:image/png;base64,...", param, "invalid_image");
        if ((url.Length - comma) / 4L * 3 > limits.ImageBytes + 3L) throw TooLarge(param);
        byte[] bytes = new byte[((url.Length - comma) / 4 * 3) + 3];
        if (!Convert.TryFromBase64Chars(url.AsSpan(comma + 1), bytes, out int length))
            throw ApiException.Invalid("The data URI's base64 cannot be read.", param, "invalid_image");
        return length > limits.ImageBytes ? throw TooLarge(param) : bytes[..length];
    }

    private async Task<byte[]> FetchAsync(string url, string param, CancellationToken cancellationToken)
    {
        if (!limits.ImageUrls) throw ApiException.Invalid("Images by address are not allowed here; send a data URI.", param, "image_url_not_allowed");
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
            throw ApiException.Invalid("The image's address must be http or https.", param, "invalid_image_url");
        try
        {
            using HttpResponseMessage response = await http.GetAsync(address, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK) throw Unreachable(param);
            return await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw TooLarge(param);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Unreachable(param); // one message for all causes: the caller must not learn about hosts behind the gateway
        }
    }

    // The address that was checked is the one connected to: a name that resolves otherwise a moment later changes nothing.
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint host, Func<IPAddress, bool> allowed, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(host.Host, out IPAddress? literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(host.Host, cancellationToken);
        if (addresses.Length == 0 || !addresses.All(allowed)) throw new IOException("not a public address");
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, host.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private ApiException TooLarge(string param) => ApiException.Invalid($"The image is larger than {limits.ImageBytes} bytes.", param, "image_too_large");

    private static ApiException Unreachable(string param) => ApiException.Invalid("The image could not be fetched.", param, "image_url_unreachable");
}
