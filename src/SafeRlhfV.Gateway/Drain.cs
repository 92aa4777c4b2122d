using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>Whether the gateway is about to end: it says so, and still answers.</summary>
internal sealed class Drain
{
    private volatile bool isDraining;

    public bool IsDraining => isDraining;

    public void Begin() => isDraining = true;

    /// <summary>Asks the caller to open another connection for its next request: one that is kept open would break when the gateway stops listening.</summary>
    public void Mark(HttpContext http)
    {
        if (!isDraining || !HttpProtocol.IsHttp11(http.Request.Protocol)) return;
        http.Response.OnStarting(() => // at the last moment: an error clears the headers set before
        {
            http.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        });
    }
}
