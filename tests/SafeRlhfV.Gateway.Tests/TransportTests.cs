using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>What clients send beside the JSON itself: encodings, methods, versions of HTTP.</summary>
public sealed class TransportTests
{
    private const string Ask = """{"model":"ours","messages":[{"role":"user","content":"Hello"}]}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // A body that nobody here decodes is no broken JSON: the client must learn what to change.
    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("br", 415)]
    [InlineData("gzip, identity", 415)]
    [InlineData("identity", 200)]
    public async Task AnEncodedBodyIsRefusedByName(string encoding, int expected)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using MemoryStream packed = new();
        await using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync(Encoding.UTF8.GetBytes(Ask), Cancel);
        foreach (string path in (string[])["/v1/chat/completions", "/v1/moderations"])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, path)
            {
                Content = new ByteArrayContent(encoding == "identity" ? Encoding.UTF8.GetBytes(Ask) : packed.ToArray()),
            };
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningGateway.Key);
            using HttpResponseMessage response = await gateway.Http.SendAsync(request, Cancel);
            if (expected == 200 && path == "/v1/moderations") continue; // another request's body
            Assert.Equal(expected, (int)response.StatusCode);
            if (expected == 200) continue;
            JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["error"]!;
            Assert.Equal("unsupported_encoding", error["code"]!.GetValue<string>());
        }
    }

    // A 405 says what is allowed (RFC 9110, 15.5.6).
    [Theory]
    [InlineData("GET", "/v1/chat/completions", "POST")]
    [InlineData("PUT", "/v1/models", "GET")]
    [InlineData("POST", "/v1/responses/resp_x", "DELETE, GET")]
    public async Task AWrongMethodIsToldWhichAreRight(string method, string path, string allowed)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningGateway.Key);
        using HttpResponseMessage response = await gateway.Http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(allowed, string.Join(", ", response.Content.Headers.Allow.Order()));
    }

    // Pages may do all that the service does, deleting a response too.
    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task PagesMayUseEveryMethodThatIsServed(string method)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("cors: { origins: [ \"https://app.example\" ] }");
        using HttpRequestMessage request = new(HttpMethod.Options, "/v1/responses/resp_x");
        request.Headers.Add("origin", "https://app.example");
        request.Headers.Add("access-control-request-method", method);
        request.Headers.Add("access-control-request-headers", "authorization");
        using HttpResponseMessage response = await gateway.Http.SendAsync(request, Cancel);
        Assert.Contains(method, response.Headers.GetValues("Access-Control-Allow-Methods").Single());
    }

    // Old clients, odd framing: each gets the same answer, judged the same.
    [Theory]
    [InlineData("POST /v1/chat/completions HTTP/1.0\r\n", "")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n", "")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n", "chunked")]
    public async Task EveryFramingIsJudgedAlike(string head, string transfer)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach ((string text, string expected) in ((string, string)[])[("Hello", "All is well."), ("forbidden", "content_filter")])
        {
            string body = Ask.Replace("Hello", text);
            string framed = transfer.Length == 0 ? body : string.Concat(body.Select(letter => $"1;x=y\r\n{letter}\r\n")) + "0\r\nx-trailer: 1\r\n\r\n";
            string headers = transfer.Length == 0 ? $"content-length: {body.Length}\r\n" : $"transfer-encoding: {transfer}\r\n";
            string answer = await SendAsync(gateway, $"{head}authorization: Bearer {RunningGateway.Key}\r\n{headers}connection: close\r\n\r\n{framed}");
            Assert.Contains(" 200 OK", answer);
            Assert.Contains(expected, answer);
        }
        Assert.Single(gateway.Upstream.Requests);
    }

    // Requests in a row on one connection are answered in their order, each by itself.
    [Fact]
    public async Task PipelinedRequestsAreAnsweredInOrder()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string answer = await SendAsync(gateway, One("Hello", "") + One("forbidden", "") + One("Hello", "connection: close\r\n"));
        Assert.Equal(["Passed", "PromptRefused", "Passed"],
            answer.Split('\n').Where(line => line.StartsWith("x-guard-outcome: ", StringComparison.Ordinal)).Select(line => line[17..].TrimEnd('\r')));

        static string One(string text, string more)
        {
            string body = Ask.Replace("Hello", text);
            return $"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {RunningGateway.Key}\r\n"
                + $"content-length: {body.Length}\r\n{more}\r\n{body}";
        }
    }

    private static async Task<string> SendAsync(RunningGateway gateway, string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(gateway.Http.BaseAddress!.Host, gateway.Http.BaseAddress.Port, Cancel);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), Cancel);
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync(Cancel);
    }
}
