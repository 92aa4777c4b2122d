using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Training.Tests;

/// <summary>The classification server that tests play is held to the recordings: the same requests give the same bodies, with our own model's scores.</summary>
public sealed class FakeClassifierTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Folders => [.. Recording.Where(one => one.Path == "/classify" && one.Status == 200).Select(one => one.Server).Distinct()];

    [Theory, MemberData(nameof(Folders))]
    public async Task ItAnswersAsTheRealOneDid(string folder)
    {
        string model = (string)Recording.Where(one => one.Server == folder && one is { Path: "/classify", Status: 200 })[0].Reply!["model"]!;
        using FakeScoreEngine engine = new(Recording.At(folder));
        await using FakeClassifier server = new(engine, model, folder);
        foreach (Recording one in Recording.Where(one => one.Server == folder
            && one.Path is "/classify" or "/v1/models" or "/v1/chat/completions" or "/v1/embeddings"))
        {
            (int status, byte[] body) = await RecordedReply.AskAsync(server, one, Cancel);
            Assert.True(one.Status == status, $"{one}: {status}, recorded {one.Status}: {Encoding.UTF8.GetString(body)}");
            RecordedReply.Same(one, one.Reply, JsonNode.Parse(body), "");
        }
    }
}
