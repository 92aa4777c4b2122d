using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SafeRlhfV.Training.Tests;

/// <summary>Answers each connection with given bytes, and keeps what was asked.</summary>
internal sealed class ReplayServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, byte[]> answer;

    /// <summary>Begins to listen.</summary>
    /// <param name="answer">The bytes for a request, by its first line.</param>
    public ReplayServer(Func<string, byte[]> answer)
    {
        this.answer = answer;
        listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>First line and body of each request.</summary>
    public List<(string Line, byte[] Body)> Asked { get; } = [];

    public void Dispose() => listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync();
                await AnswerAsync(client.GetStream());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // the test is over
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (!Encoding.ASCII.GetString([.. head.TakeLast(4)]).EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0) return;
            head.Add(one[0]);
        }
        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
        int length = lines.Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            .Select(line => int.Parse(line.Split(':')[1])).FirstOrDefault();
        byte[] body = new byte[length];
        await stream.ReadExactlyAsync(body);
        Asked.Add((lines[0], body));
        await stream.WriteAsync(answer(lines[0]));
    }
}
