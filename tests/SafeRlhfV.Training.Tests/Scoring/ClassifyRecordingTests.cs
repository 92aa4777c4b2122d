using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Training.Tests;

/// <summary>The client of /classify against the bytes of a real vLLM: every recording of the route, and that of /tokenize with a chat.</summary>
public sealed class ClassifyRecordingTests
{
    private static readonly string[] Conversation = ["model", "messages", "add_generation_prompt", "continue_final_message", "use_activation"];
    private static readonly string[] Texts = ["model", "input", "use_activation"];

    public static TheoryData<string> Names => [.. Recording.Where(one => one.Path == "/classify").Select(one => one.Name)];

    [Theory, MemberData(nameof(Names))]
    public void WhatCameBackIsReadAsItStands(string name)
    {
        Recording one = Recording.Where(one => one.Name == name)[0];
        (ClassifyReply? reply, ServiceFault? fault) = VllmRecordingTests.Ask(one, ClassifyProtocol.Read);
        if (one.Status != 200)
        {
            Assert.Null(reply);
            Assert.Equal((one.Status, false), (fault!.Status, fault.MayRetry));
            string said = (string?)one.Reply!["error"]?["message"] ?? (string)one.Reply["detail"]!;
            Assert.Contains(ServiceFault.OneLine(said)[..Math.Min(200, said.Length)], fault.What, StringComparison.Ordinal);
            return;
        }
        Assert.Null(fault);
        JsonArray data = one.Reply!["data"]!.AsArray();
        Assert.Equal((string)one.Reply["model"]!, reply!.Model);
        Assert.Equal((int)one.Reply["usage"]!["prompt_tokens"]!, reply.PromptTokens);
        Assert.Equal(data.Select(entry => entry!["probs"]!.AsArray().Select(number => (float)number!)), reply.Scores);
        Assert.Equal(data.Select(entry => (int)entry!["num_classes"]!), reply.Classes);
        // whatever the order in which they come
        JsonObject turned = one.Reply.DeepClone().AsObject();
        turned["data"] = new JsonArray([.. data.Reverse().Select(entry => entry!.DeepClone())]);
        Assert.Equal(reply.Scores, ClassifyProtocol.Read(Reply(turned)).Scores);
    }

    /// <summary>Scores are asked for raw, where our heads read them: conversations up to where the last message ends, texts as ids.</summary>
    [Fact]
    public void TextsAreSentAsRecorded()
    {
        foreach (Recording one in Recording.Where(one => one.Path == "/classify" && HasFields(one, Conversation)))
            VllmRecordingTests.Equal(one, ClassifyProtocol.Chat((string)one.Request!["model"]!, one.Messages, addsSpecialTokens: false));
        foreach (Recording one in Recording.Where(one => one.Path == "/classify" && HasFields(one, Texts)
            && one.Request!["input"] is JsonArray and [JsonArray, ..]))
            VllmRecordingTests.Equal(one, ClassifyProtocol.Ids((string)one.Request!["model"]!,
                [.. one.Request["input"]!.AsArray().Select(text => text!.AsArray().Select(id => (int)id!).ToArray())]));
        JsonObject with = JsonNode.Parse(ClassifyProtocol.Chat("rm", [new("user", [new("x", null)])], addsSpecialTokens: true).Body!)!.AsObject();
        Assert.True((bool)with["add_special_tokens"]!);
    }

    [Fact]
    public void PromptsAreTokenisedAsRecorded()
    {
        foreach (Recording one in Recording.Where(one => one.Path == "/tokenize" && HasFields(one, ["model", "messages"])))
        {
            VllmRecordingTests.Equal(one, ClassifyProtocol.Tokenize((string)one.Request!["model"]!, one.Messages, addsSpecialTokens: false));
            Assert.Equal(one.Reply!["tokens"]!.AsArray().Select(id => (int)id!), VllmRecordingTests.Ask(one, ClassifyProtocol.ReadTokens).Result);
        }
    }

    /// <summary>A reply in which anything is missing or of another kind is an error that names it, and never a score.</summary>
    [Fact]
    public void AReplyOfAnotherShapeIsNotRead()
    {
        JsonObject whole = Recording.Where(one => one is { Path: "/classify", Status: 200 })[0].Reply!;
        foreach (string path in (string[])["data", "model", "usage", "usage.prompt_tokens", "data.0.index", "data.0.probs", "data.0.num_classes"])
            foreach (JsonNode? other in (JsonNode?[])["text", null, new JsonObject(), new JsonArray("x"), true])
            {
                JsonObject changed = whole.DeepClone().AsObject();
                Put(changed, path.Split('.'), other);
                if (path == "model" && other?.GetValueKind() == JsonValueKind.String) continue; // another name is told where it is compared
                Exception? error = Record.Exception(() => ClassifyProtocol.Read(Reply(changed)));
                Assert.True(error is JsonException or FormatException or InvalidOperationException or KeyNotFoundException
                    || error is null && path == "model", $"{path}: {other?.ToJsonString() ?? "null"}: {error}");
            }
        JsonObject twice = whole.DeepClone().AsObject();
        twice["data"]!.AsArray().Add(twice["data"]![0]!.DeepClone());
        Assert.Throws<FormatException>(() => ClassifyProtocol.Read(Reply(twice)));
    }

    private static bool HasFields(Recording one, string[] fields) => one.Request?.Select(field => field.Key).SequenceEqual(fields) == true;

    private static ServerReply Reply(JsonObject reply) => new(Encoding.UTF8.GetBytes(reply.ToJsonString()));

    private static void Put(JsonNode at, string[] path, JsonNode? value)
    {
        if (path.Length > 1) Put(int.TryParse(path[0], out int index) ? at[index]! : at[path[0]]!, path[1..], value);
        else at[path[0]] = value?.DeepClone();
    }
}
