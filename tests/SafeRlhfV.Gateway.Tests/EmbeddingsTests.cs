using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OpenAI.Embeddings;

namespace SafeRlhfV.Gateway.Tests;

public sealed class EmbeddingsTests
{
    [Fact]
    public async Task TheOfficialClientWorksUnchanged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        OpenAIEmbeddingCollection answer = await gateway.Client().GetEmbeddingClient("ours")
            .GenerateEmbeddingsAsync(["one", "three"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([3f, 0f], answer[0].ToFloats().ToArray());
        Assert.Equal([5f, 1f], answer[1].ToFloats().ToArray());
        Assert.Equal("theirs", gateway.Upstream.Requests.Single()["model"]!.GetValue<string>());
        Assert.Equal(["Passed"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task OnlyNumbersComeBackFromWhateverUpstreamAnswers()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings", """{ "model": "both", "input": "four", "dimensions": 2 }""");
        Assert.Equal((200, 4f), (status, answer!["data"]![0]!["embedding"]![0]!.GetValue<float>()));
        Assert.Equal(["object", "data", "model", "usage"], ((JsonObject)answer).Select(member => member.Key));
        Assert.Equal("both", answer["model"]!.GetValue<string>());
        gateway.Upstream.Embeddings = (http, _) =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        Assert.Equal(200, (await gateway.PostAsync("/v1/embeddings", """{ "model": "both", "input": "four" }""")).Status);
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync("""{"data":[{"index":0,"embedding":["a text"]}]}""");
        (status, answer) = await gateway.PostAsync("/v1/embeddings", """{ "model": "ours", "input": "four" }""");
        Assert.True(status >= 500, answer?.ToJsonString());
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync("""{"data":["a text"]}""");
        (status, answer) = await gateway.PostAsync("/v1/embeddings", """{ "model": "ours", "input": "four" }""");
        Assert.Equal((502, "upstream_garbled"), (status, answer!["error"]!["code"]!.GetValue<string>()));
    }

    // A number for each text, at its place: a client lays them to its texts by these alone.
    [Theory]
    [InlineData("""{"data":[{"index":0,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[2]}]}""")]
    [InlineData("""{"data":[{"index":-1,"embedding":[1]},{"index":0,"embedding":[2]}]}""")]
    [InlineData("""{"data":[{"embedding":[1]},{"embedding":[2]},{"embedding":[3]}]}""")]
    public async Task EmbeddingsThatFitNoTextsAreNotPassedOn(string answer)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync(answer);
        (int status, JsonNode? error) = await gateway.PostAsync("/v1/embeddings", """{ "model": "ours", "input": [ "one", "two" ] }""");
        Assert.Equal((502, "upstream_garbled"), (status, error!["error"]!["code"]?.GetValue<string>()));
    }

    [Fact]
    public async Task AsManyTextsGoAsOpenAITakes()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Assert.Equal(200, (await gateway.PostAsync("/v1/embeddings", Ask(2048))).Status);
        (int status, JsonNode? error) = await gateway.PostAsync("/v1/embeddings", Ask(2049));
        Assert.Equal(400, status);
        Assert.Contains("limits.inputs", error!["error"]!["message"]!.GetValue<string>());

        static string Ask(int count) =>
            new JsonObject { ["model"] = "ours", ["input"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => JsonValue.Create($"text {i}"))]) }
                .ToJsonString();
    }

    [Fact]
    public async Task AzuresAddressIsServed()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/openai/deployments/ours/embeddings?api-version=2024-10-21", """{ "input": "four" }""");
        Assert.Equal((200, "ours"), (status, answer!["model"]?.GetValue<string>()));
    }

    // Numbers come as the caller asked for them, in whatever form the service gives them.
    [Theory]
    [InlineData("", false)]
    [InlineData(""","encoding_format":null""", false)]
    [InlineData(""","encoding_format":"float" """, false)]
    [InlineData(""","encoding_format":"base64" """, true)]
    public async Task NumbersComeInTheFormThatWasAskedFor(string format, bool isBase64)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string base64 = Convert.ToBase64String([.. BitConverter.GetBytes(0.5f), .. BitConverter.GetBytes(-2f)]);
        foreach (string given in (string[])["[0.5,-2]", $"\"{base64}\""])
        {
            gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync($$"""{"data":[{"index":0,"embedding":{{given}}}]}""");
            (int status, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings", $$"""{"model":"ours","input":"four"{{format}}}""");
            JsonNode embedding = answer!["data"]![0]!["embedding"]!;
            Assert.Equal(200, status);
            if (isBase64) Assert.Equal(base64, embedding.GetValue<string>());
            else Assert.Equal([0.5f, -2f], embedding.AsArray().Select(number => number!.GetValue<float>()));
        }
    }

    // Digit for digit, in the order in which the service gives them; what stands beside them is left out.
    [Fact]
    public async Task NumbersComeAsTheServiceWroteThem()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync(
            """{"note":{"data":["x"]},"data":[{"embedding":[1.50,-0.0,1e-5,0.1234567890123456789],"index":1,"text":["x"]},{"index":0,"embedding":[]}]}""");
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings", """{"model":"ours","input":["one","two"]}""");
        Assert.Equal((200, """[{"object":"embedding","index":1,"embedding":[1.50,-0.0,1e-5,0.1234567890123456789]},"""
            + """{"object":"embedding","index":0,"embedding":[]}]"""), (status, answer!["data"]!.ToJsonString()));
    }

    [Theory]
    [InlineData("""{"data":[{"embedding":[1e999]}]}""", false)]
    [InlineData("""{"data":[{"embedding":[1e300]}]}""", true)]
    [InlineData("""{"data":[{"embedding":[1,[2]]}]}""", false)]
    [InlineData("""{"data":[{"embedding":[1,null]}]}""", false)]
    [InlineData("""{"data":[{"embedding":{"0":1}}]}""", false)]
    [InlineData("""{"data":[{"embedding":"AACAfw=="}]}""", false)]
    [InlineData("""{"data":[{"embedding":"AACAfw=="}]}""", true)]
    [InlineData("""{"data":[{"embedding":"AAAA"}]}""", true)]
    [InlineData("""{"data":[{"embedding":"a text"}]}""", true)]
    [InlineData("""{"data":[{"embedding":[1],"embedding":[2]}]}""", false)]
    [InlineData("""{"data":[{"embedding":[1]}],"data":[{"embedding":[2]}]}""", false)]
    [InlineData("""{"data":[{"embedding":[1]}]} more""", false)]
    [InlineData("""{"data":[{"embedding":[1,]}]}""", false)]
    [InlineData("""{"data":[{"embedding":[1]}]""", false)]
    [InlineData("""{"data":[[1]]}""", false)]
    [InlineData("""[{"embedding":[1]}]""", false)]
    [InlineData("", false)]
    public async Task WhatIsNotNumbersIsNotPassedOn(string given, bool asBase64)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync(given);
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings",
            $$"""{"model":"ours","input":"four","encoding_format":"{{(asBase64 ? "base64" : "float")}}"}""");
        Assert.Equal((502, "upstream_garbled"), (status, answer!["error"]!["code"]?.GetValue<string>()));
    }

    [Fact]
    public async Task AServiceThatSaysThatItFailedHasFailed()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync("""{"data":["none"],"error":{"message":"out of memory"}}""");
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings", """{"model":"ours","input":"four"}""");
        Assert.Equal((502, "upstream_failed"), (status, answer!["error"]!["code"]?.GetValue<string>()));
    }

    // PHP and others write a slash as \/.
    [Fact]
    public async Task Base64WithEscapesIsRead()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Embeddings = (http, _) => http.Response.WriteAsync("""{"data":[{"embedding":"\/\/9\/Pw=="}]}""");
        (_, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings", """{"model":"ours","input":"four","encoding_format":"base64"}""");
        Assert.Equal("//9/Pw==", answer!["data"]![0]!["embedding"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{ "model": "ours", "input": "a forbidden thing" }""", "content_filter")]
    [InlineData("""{ "model": "ours", "input": ["fine", "a forbidden thing"] }""", "content_filter")]
    [InlineData("""{ "model": "ours", "input": "fine", "user": "forbidden" }""", "content_filter")]
    [InlineData("""{ "model": "ours", "input": [1, 2, 3] }""", "unsupported_content")]
    [InlineData("""{ "model": "ours", "input": "fine", "Input": "forbidden" }""", "unknown_parameter")]
    [InlineData("""{ "model": "ours", "input": "fine", "encoding_format": "text" }""", null)]
    [InlineData("""{ "model": "ours", "input": "fine", "dimensions": 0 }""", null)]
    [InlineData("""{ "model": "ours", "input": "fine", "dimensions": -3 }""", null)]
    public async Task WhatCannotPassIsRefusedAndNeverSent(string body, string? code)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/embeddings", body);
        Assert.Equal((400, code), (status, answer!["error"]!["code"]?.GetValue<string>()));
        Assert.Empty(gateway.Upstream.Requests);
    }

    [Fact]
    public async Task BareCompletionsAreNotServedAndTheReasonIsTold()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/completions", """{ "model": "ours", "prompt": "x" }""");
        Assert.Equal((404, "unsupported_endpoint"), (status, answer!["error"]!["code"]!.GetValue<string>()));
        Assert.Contains("/v1/chat/completions", answer["error"]!["message"]!.GetValue<string>());
    }
}
