using System.Net.Sockets;
using System.Text;

namespace SafeRlhfV.Gateway.Tests;

public sealed class SlowCallerTests
{
    // The server's own standard turns a caller away whose body has not begun to come after 5 s.
    [Fact, Trait("speed", "slow")]
    public async Task ABodyMayComeLate()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        byte[] body = """{"model":"ours","messages":[{"role":"user","content":"Hello"}]}"""u8.ToArray();
        using TcpClient caller = new();
        await caller.ConnectAsync("127.0.0.1", gateway.Http.BaseAddress!.Port);
        NetworkStream stream = caller.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {RunningGateway.Key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"));
        await Task.Delay(TimeSpan.FromSeconds(9)); // the server looks once a second
        await stream.WriteAsync(body);
        using StreamReader reader = new(stream);
        Assert.StartsWith("HTTP/1.1 200 OK", await reader.ReadToEndAsync());
        Assert.Equal(["Passed"], await gateway.OutcomesAsync());
    }
}
