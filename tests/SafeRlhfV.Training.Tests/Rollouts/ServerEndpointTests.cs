using System.Text;

namespace SafeRlhfV.Training.Tests;

public sealed class ServerEndpointTests
{
    /// <summary>A call that fails when it has just been cancelled is cancelled: its own error, such as a reset connection, would end the program.</summary>
    [Fact]
    public async Task ACancelledCallThatFailsIsCancelled()
    {
        byte[] reply = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        using ReplayServer server = new(_ => reply);
        using ServerEndpoint endpoint = new(server.Address, null, TimeSpan.FromSeconds(30));
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<OperationCanceledException>(() => endpoint.TryAsync<object>(ServerProtocol.Health, _ =>
        {
            stop.Cancel();
            throw new HttpRequestException("reset");
        }, stop.Token));
    }
}
