using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Training.Tests;

/// <summary>What a server that tests play answers to a recorded request, beside what the real one answered.</summary>
internal static class RecordedReply
{
    private const double LogProbTolerance = 5e-4, ResampledLogProbTolerance = 0.06, ScoreTolerance = 1e-4, ResampledScoreTolerance = 2e-2;

    public static async Task<(int Status, byte[] Body)> AskAsync(FakeServer server, Recording one, CancellationToken cancellationToken)
    {
        using HttpClient http = new();
        using HttpRequestMessage request = new(new HttpMethod(one.Method), server.Address + one.Path);
        if (one.Method == "POST")
        {
            request.Content = new ByteArrayContent(one.Sent);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        using HttpResponseMessage response = await http.SendAsync(request, cancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    /// <summary>The same fields in the same order with the same values, numbers of the model within a tolerance.</summary>
    public static void Same(Recording one, JsonNode? expected, JsonNode? actual, string path)
    {
        switch (expected)
        {
            case JsonObject was:
                Assert.True(actual is JsonObject, $"{one}{path}: no object");
                JsonObject now = actual.AsObject();
                Assert.True(was.Select(field => field.Key).SequenceEqual(now.Select(field => field.Key)), $"{one}{path}: {string.Join(", ", now
                    .Select(field => field.Key))}; recorded {string.Join(", ", was.Select(field => field.Key))}");
                // texts of half characters, counts by kind and cache, and the print of the build are the server's own
                foreach ((string name, JsonNode? value) in was)
                    if (name is not ("system_fingerprint" or "prompt_tokens_details") && !(name is "token" or "bytes" or "content"
                        && IsOfHalfCharacters(was))) Same(one, value, now[name], $"{path}.{name}");
                break;
            case JsonArray list:
                Assert.True(actual is JsonArray, $"{one}{path}: no list");
                JsonArray other = actual.AsArray();
                Assert.True(list.Count == other.Count, $"{one}{path}: {other.Count} items, recorded {list.Count}");
                for (int i = 0; i < list.Count; i++) Same(one, list[i], other[i], $"{path}[{i}]");
                break;
            case JsonValue number when number.GetValueKind() == JsonValueKind.Number && path.EndsWith(".logprob", StringComparison.Ordinal):
                Near(LogProbTolerance, ResampledLogProbTolerance);
                break;
            case JsonValue number when number.GetValueKind() == JsonValueKind.Number && path.Contains(".probs[", StringComparison.Ordinal):
                Near(ScoreTolerance, ResampledScoreTolerance);
                break;
            default:
                Assert.True(JsonNode.DeepEquals(expected, actual), $"{one}{path}: {actual?.ToJsonString()}, recorded {expected?.ToJsonString()}");
                break;
        }

        void Near(double tolerance, double resampled)
        {
            double gap = Math.Abs((double)expected! - (double)actual!);
            Assert.True(gap <= (one.IsResampledOtherwise ? resampled : tolerance), $"{one}{path}: {actual}, recorded {expected}");
        }
    }

    private static bool IsOfHalfCharacters(JsonObject item) => item["token"] is { } token ? (string)token! is { } text
        && (text.Length == 0 || text.Contains('\uFFFD', StringComparison.Ordinal))
        : item["content"] is JsonValue content && ((string)content!).Contains('\uFFFD', StringComparison.Ordinal);
}
